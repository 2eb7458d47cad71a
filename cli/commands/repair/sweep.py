"""`bolt-archive sweep`: imports finished runs whose webhook never arrived."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.stack.options import find_target
from cli.stack.sweep_function import sweep_settings
from cli.terminal.errors import ForgottenError, IncompleteError, NoWorkspaceError
from cli.terminal.input import Since
from cli.terminal.output import AsJson, cell, print_json, say, warn, working
from functions.run.display import counted

if TYPE_CHECKING:
    from functions.paradime.bolt import ListedRun, ListedSchedule
    from functions.sweep.sweep import Imported, Sweeper, WorkspaceSweep

Found = dict[str, Any]


def sweep(
    ctx: typer.Context,
    since: Since = None,
    schedule: Annotated[
        str | None, typer.Option(help="Only runs of this schedule (name or slug).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be imported, but write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import finished runs whose webhook never arrived.

    Failed ones are archived, and so are those that were queued but never reached the archiver. The
    stack does this by itself every `sweepHours` hours; run it to look back further than
    `sweepLookbackHours`, for example to fill a new archive. It calls Paradime's API with the
    stack's credentials, a few times a second.

    Examples:
    $ bolt-archive sweep --since 30d --dry-run
    $ bolt-archive sweep --since 30d --schedule daily_run
    """
    target = find_target(ctx)
    from functions.sweep.sweep import new_sweeper

    def client(service: Any) -> Any:
        return target.session.client(service, endpoint_url=target.endpoint_url)

    settings = sweep_settings(target)
    sweeper = new_sweeper(settings, client)
    now = datetime.now(UTC)
    since = since or now - timedelta(hours=settings.sweep_lookback_hours)
    if since < now - timedelta(days=settings.retention_days):
        raise ForgottenError(
            f"records are kept for {counted(settings.retention_days, 'day')} (retentionDays); "
            "older runs would be archived and announced again: choose a later --since"
        )
    progress = _Progress(quiet=as_json)
    with working("asking Paradime") as progress.status:
        for opened in _workspaces(sweeper, since, now, progress):
            if schedule is None and not dry_run:
                _requeue_lost(sweeper, opened, progress)
            _sweep(opened, schedule, progress, dry_run=dry_run)
    if as_json:
        print_json(progress.found)
    else:
        say(progress.summary(dry_run=dry_run))
    if progress.faults:
        raise IncompleteError(
            f"{counted(progress.faults, 'part')} of the sweep failed (see above); the "
            "next sweep retries"
        )


class _Progress:
    """Counts and prints what is found as it comes; a terminal also shows the current schedule."""

    def __init__(self, *, quiet: bool) -> None:
        self.status: Any = None
        self.found: list[Found] = []
        self.runs = 0
        self.schedules = 0
        self.requeued = 0
        self.faults = 0
        self._quiet = quiet

    def count_schedule(self, schedule: str, runs: int) -> None:
        self.schedules += 1
        self.runs += runs
        self.status.update(cell(f"{counted(self.schedules, 'schedule')}, now {schedule} …"))

    def add_run(self, run: Found, outcome: str) -> None:
        self.found.append(run)
        if not self._quiet:
            say(f"{outcome}: {run['run']}, {run['schedule_name']}, {run['state']}")

    def add_requeued(self, run: str) -> None:
        self.requeued += 1
        if not self._quiet:
            say(f"queued again: {run}")

    def add_fault(self, subject: str, reason: str) -> None:
        self.faults += 1
        warn(f"{subject}: {reason}")

    def summary(self, *, dry_run: bool) -> str:
        checked = f"checked {counted(self.runs, 'run')} of {counted(self.schedules, 'schedule')}"
        if dry_run:
            return f"{checked}: {len(self.found)} would be imported"
        queued = sum(run["queued"] for run in self.found)
        imported = f"{len(self.found)} imported, {queued} of them queued for archiving"
        again = f", {self.requeued} queued again" if self.requeued else ""
        return f"{checked}: {imported}{again}"


def _workspaces(
    sweeper: "Sweeper", since: datetime, now: datetime, progress: _Progress
) -> Iterator["WorkspaceSweep"]:
    from functions.shared.deadline import Deadline
    from functions.shared.errors import RunArchiveError

    asked = [workspace for workspace in sweeper.known_workspaces() if workspace.api_url]
    if not asked:
        raise NoWorkspaceError(
            "no workspace with credentials is known yet: one becomes known with its first "
            "webhook, or with an api_url beside its credentials in the API secret; to add "
            "credentials: "
            "bolt-archive configure api --workspace UID"
        )
    without_end = Deadline(lambda: sys.maxsize)
    for workspace in asked:
        try:
            known = sweeper.index.since(workspace.uid, since)
            yield sweeper.open(
                workspace,
                str(workspace.api_url),
                known,
                since=since,
                now=now,
                deadline=without_end,
            )
        except RunArchiveError as e:
            progress.add_fault(f"workspace {workspace.uid}", str(e))


def _requeue_lost(sweeper: "Sweeper", opened: "WorkspaceSweep", progress: _Progress) -> None:
    from functions.sweep.sweep import Fault

    known, now = opened.known.values(), opened.now
    for requeued in chain(
        sweeper.requeue_lost(opened.workspace, known, now),
        sweeper.catch_up(
            opened.workspace,
            known,
            sweeper.schedules.of_workspace(opened.workspace.uid).states,
            now,
        ),
    ):
        if isinstance(requeued, Fault):
            progress.add_fault(requeued.subject, requeued.reason)
        else:
            progress.add_requeued(requeued.run_key.replace("#", "/", 1))


def _sweep(
    opened: "WorkspaceSweep", schedule: str | None, progress: _Progress, *, dry_run: bool
) -> None:
    from functions.shared.errors import RunArchiveError
    from functions.sweep.sweep import Fault, Searched

    uid = opened.workspace.uid
    try:
        for searched in opened.search(schedule):
            if not isinstance(searched, Searched):
                progress.add_fault(searched.subject, searched.reason)
                continue
            progress.count_schedule(searched.schedule.name, searched.runs)
            if dry_run:
                for run in searched.missed:
                    progress.add_run(_listed(uid, searched.schedule, run), "would import")
                continue
            for imported in opened.import_runs(searched):
                if isinstance(imported, Fault):
                    progress.add_fault(imported.subject, imported.reason)
                else:
                    progress.add_run(_imported(imported), "imported")
    except RunArchiveError as e:
        progress.add_fault(f"workspace {uid}", str(e))


def _listed(uid: str, schedule: "ListedSchedule", run: "ListedRun") -> Found:
    return {"run": f"{uid}/{run.id}", "schedule_name": schedule.name, "state": run.state.lower()}


def _imported(imported: "Imported") -> Found:
    from functions.run.outcome import run_state

    event = imported.event
    return {
        "run": f"{event.workspace.uid}/{event.id}",
        "schedule_name": event.schedule_name,
        "state": run_state(event),
        "queued": imported.queued,
    }
