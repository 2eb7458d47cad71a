"""`bolt-archive sweep`: takes in ended runs of which no delivery came."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.stack.options import find_target
from cli.stack.sweep_function import sweep_settings
from cli.terminal.errors import IncompleteError, NoWorkspaceError
from cli.terminal.output import AsJson, complain, counted, print_json, say, working
from cli.terminal.since import Since
from cli.terminal.text import outside

if TYPE_CHECKING:
    from functions.paradime.bolt import ListedRun, ListedSchedule
    from functions.sweep.sweep import Sweeper, Taken, WorkspaceSweep

Found = dict[str, Any]


def sweep(
    ctx: typer.Context,
    since: Since = None,
    schedule: Annotated[
        str | None, typer.Option(help="Only runs of this schedule, by its name or slug.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be taken in, and write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in ended runs of which no webhook told, and archive those that failed.

    The same is done by itself every hour, or as the setting sweepHours says. By hand it goes back
    as far as you say, else as far as sweepLookbackHours: so it also fills a new archive.
    Asks Paradime's API with the stack's own credentials for it, a few times a second.

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
    progress = _Progress(quiet=as_json)
    with working("asking Paradime") as progress.status:
        for opened in _workspaces(
            sweeper, since or now - timedelta(hours=settings.sweep_lookback_hours), now, progress
        ):
            _sweep(opened, schedule, progress, dry_run=dry_run)
    if as_json:
        print_json(progress.found)
    else:
        say(progress.summary(dry_run=dry_run))
    if progress.faults:
        raise IncompleteError(
            f"{counted(progress.faults, 'part')} could not be swept, as said above; the next "
            "sweep tries again"
        )


class _Progress:
    """What was looked at and found so far, told as it comes; on a terminal with where it is."""

    def __init__(self, *, quiet: bool) -> None:
        self.status: Any = None
        self.found: list[Found] = []
        self.runs = 0
        self.schedules = 0
        self.faults = 0
        self._quiet = quiet

    def searched(self, schedule: str, runs: int) -> None:
        self.schedules += 1
        self.runs += runs
        self.status.update(outside(f"{counted(self.schedules, 'schedule')}, now {schedule} …"))

    def found_run(self, run: Found, said: str) -> None:
        self.found.append(run)
        if not self._quiet:
            say(f"{said}: {run['run']}, {run['schedule_name']}, {run['state']}")

    def fault(self, subject: str, reason: str) -> None:
        self.faults += 1
        complain(f"{subject}: {reason}")

    def summary(self, *, dry_run: bool) -> str:
        looked = f"{counted(self.runs, 'run')} of {counted(self.schedules, 'schedule')} looked at"
        if dry_run:
            return f"{looked}: {len(self.found)} would be taken in"
        queued = sum(run["queued"] for run in self.found)
        return f"{looked}: {len(self.found)} taken in, {queued} of them queued to be archived"


def _workspaces(
    sweeper: "Sweeper", since: datetime, now: datetime, progress: _Progress
) -> Iterator["WorkspaceSweep"]:
    from functions.shared.deadline import Deadline
    from functions.shared.errors import RunArchiveError

    workspaces = sweeper.known_workspaces()
    if not workspaces:
        raise NoWorkspaceError(
            "no workspace is known: its first webhook makes it known, or an api_url beside its "
            "credentials in the API secret"
        )
    without_end = Deadline(lambda: sys.maxsize)
    for workspace in workspaces:
        try:
            yield sweeper.open(
                workspace, since=since, read_since=since, now=now, deadline=without_end
            )
        except RunArchiveError as e:
            progress.fault(f"workspace {workspace.uid}", str(e))


def _sweep(
    opened: "WorkspaceSweep", schedule: str | None, progress: _Progress, *, dry_run: bool
) -> None:
    from functions.shared.errors import RunArchiveError
    from functions.sweep.sweep import Fault, Searched

    uid = opened.workspace.uid
    try:
        for searched in opened.search(schedule):
            if not isinstance(searched, Searched):
                progress.fault(searched.subject, searched.reason)
                continue
            progress.searched(searched.schedule.name, searched.runs)
            if dry_run:
                for run in searched.missed:
                    progress.found_run(_listed(uid, searched.schedule, run), "would be taken in")
                continue
            for taken in opened.take(searched):
                if isinstance(taken, Fault):
                    progress.fault(taken.subject, taken.reason)
                else:
                    progress.found_run(_taken(taken), "taken in")
    except RunArchiveError as e:
        progress.fault(f"workspace {uid}", str(e))


def _listed(uid: str, schedule: "ListedSchedule", run: "ListedRun") -> Found:
    return {"run": f"{uid}/{run.id}", "schedule_name": schedule.name, "state": run.state.lower()}


def _taken(taken: "Taken") -> Found:
    from functions.run.outcome import run_state

    event = taken.event
    return {
        "run": f"{event.workspace.uid}/{event.id}",
        "schedule_name": event.schedule_name,
        "state": run_state(event),
        "queued": taken.queued,
    }
