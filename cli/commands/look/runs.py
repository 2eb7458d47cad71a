"""`bolt-archive runs`: which runs there are, and how they ended."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.stack.options import find_target
from cli.stack.reasons import why
from cli.stack.records import Record, list_runs, read_run, run_name, whole_records
from cli.stack.schedules import read_schedule, standing
from cli.stack.sweep_function import sweep_settings
from cli.stack.target import Target
from cli.terminal.input import Since
from cli.terminal.output import (
    AsJson,
    cell,
    has_room_for,
    minute,
    new_listing,
    on_terminal,
    print_json,
    print_tables,
    say,
    short_instant,
    warn,
    working,
)
from functions.run.display import lasted, size
from functions.run.instants import from_text, to_text

COLOURS = {
    "failed": "red",
    "succeeded": "green",
    "running": "blue",
    "queued": "blue",
    "archived": "green",
    "partial": "yellow",
}
# Widths of terminals from which on a listing has more columns.
_WIDE = 110
_WIDER = 140
_DEFAULT_LIMIT = 20
_NOTABLE = ("incomplete", "partial", "failed")


def runs(
    ctx: typer.Context,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only failed runs, those that ended last first.")
    ] = False,
    stale: Annotated[
        bool,
        typer.Option(
            "--stale", help="Only runs recorded as running for longer than the setting staleHours."
        ),
    ] = False,
    schedule: Annotated[str | None, typer.Option(help="Only runs of this schedule.")] = None,
    workspace: Annotated[
        str | None,
        typer.Option(
            metavar="UID", help="Only runs of this workspace: faster if there are many workspaces."
        ),
    ] = None,
    branch: Annotated[str | None, typer.Option(help="Only runs on this branch.")] = None,
    commit: Annotated[
        str | None, typer.Option(metavar="HASH", help="Only runs on commits that begin so.")
    ] = None,
    actor: Annotated[
        str | None, typer.Option(help="Only runs started by somebody whose name has this in it.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="Only runs of schedules whose owner has this in it.")
    ] = None,
    state: Annotated[
        str | None, typer.Option(help="Only runs in this state: failed, succeeded, running, ….")
    ] = None,
    archive: Annotated[
        str | None,
        typer.Option(
            metavar="STATE",
            help="Only archives in this state: queued, incomplete, archived, partial or failed.",
        ),
    ] = None,
    since: Since = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Runs per page. Default: {_DEFAULT_LIMIT}; with --json all.",
            show_default=False,
        ),
    ] = None,
    after: Annotated[
        str | None, typer.Option(metavar="RUN", help="Next page: start after this run.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, latest first.

    Examples:
    $ bolt-archive runs --failed --since 7d
    $ bolt-archive runs --schedule daily_run --branch main --limit 50
    $ bolt-archive runs --archive partial --json | jq -r '.[].run_id'
    """
    target = find_target(ctx)
    choices = (schedule, workspace, branch, commit, actor, owner, state, archive, since, after)
    asked = failed or stale or any(choice is not None for choice in choices)
    limit = limit or (None if as_json else _DEFAULT_LIMIT)
    with working("reading runs"):
        last = None if after is None else read_run(target, after)
        found = list_runs(
            target, workspace=workspace, schedule=schedule, failed=failed, since=since, after=last
        )
        if stale:
            found = filter(is_stale(target), found)
        found = having(found, state=state, archive_state=archive)
        if branch or commit or actor or owner:
            found = whole_records(target, found)
            found = having(found, branch=branch)
            found = (run for run in found if _begins(run, commit) and _names(run, actor, owner))
        page = list(found if limit is None else islice(found, limit + 1))
        more = limit is not None and len(page) > limit
        page = page[:limit]
        if not as_json:
            page = list(whole_records(target, page))
        failing = [] if as_json else list(standings(target, page))
    if as_json:
        print_json(page)
    elif not page:
        say("no runs found")
        if asked:
            raise typer.Exit(1)
    else:
        print_tables(table_of(page, by_end=failed, with_age=stale))
        for line in failing:
            warn(line)
        if stale:
            warn("what is known of one: bolt-archive show RUN; cancel it in Paradime if it hangs")
    if more:
        warn(f"more runs follow; for the next page: --after {run_name(page[-1])}")


def having(found: Iterator[Record], **wanted: str | None) -> Iterator[Record]:
    """The runs with these attributes; None is any."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    return (run for run in found if all(run.get(name) == asked[name] for name in asked))


def _begins(run: Record, commit: str | None) -> bool:
    return commit is None or str(run.get("commit_hash", "")).startswith(commit.lower())


def _names(run: Record, actor: str | None, owner: str | None) -> bool:
    """People are known by parts of their names and addresses, in any case."""
    actors = f"{run.get('actor', '')} {run.get('email', '')}".lower()
    owners = str(run.get("owner_email", "")).lower()
    return (actor or "").lower() in actors and (owner or "").lower() in owners


def standings(target: Target, page: list[Record]) -> Iterator[str]:
    """A line for each schedule on the page that fails by now."""
    names = {(run["workspace_uid"], run["schedule_name"]): None for run in page}
    for workspace_uid, name in names:
        if (schedule := read_schedule(target, workspace_uid, name)) and standing(schedule):
            yield f"{name}: {standing(schedule)}"


def is_stale(target: Target) -> Callable[[Record], bool]:
    """Judges by the setting `staleHours` of the deployed stack."""
    started_before = to_text(
        datetime.now(UTC) - timedelta(hours=sweep_settings(target).stale_hours)
    )
    return lambda run: bool(run["state"] == "running" and run["started_at"] < started_before)


def table_of(found: list[Record], *, by_end: bool = False, with_age: bool = False) -> Table:
    """Shows when runs ended if that is their order, and how long they have been running if asked.

    On a terminal a run stands on one line: what is short is whole, and the reason, which is last,
    gets the rest of the line.
    """
    tight = on_terminal()
    instant = minute if tight else short_instant
    alone = tight and len({run["workspace_uid"] for run in found}) == 1
    wide, wider = has_room_for(_WIDE), has_room_for(_WIDER)
    headers = ["run", "schedule", "ended (UTC)" if by_end else "started (UTC)", "state"]
    headers += ["running for"] * with_age
    headers += ["archive"] * wide + ["commands failed", "files"] * wider
    table = new_listing(*headers, "why")
    for run in found:
        cells: list[str | Text] = [
            cell(run["run_id"] if alone else run_name(run)),
            cell(run["schedule_name"]),
            instant(run.get("ended_at" if by_end else "started_at")),
            coloured(run["state"]),
        ]
        cells += [age_of(run)] * with_age
        cells += [coloured(run.get("archive_state", ""))] * wide
        cells += _counts(run) * wider
        reason = why(run)
        state = run.get("archive_state")
        if not wide and state in _NOTABLE:
            reason = f"archive {state}" + (f"; {reason}" if reason else "")
        table.add_row(*cells, cell(reason))
    return table


def age_of(run: Record) -> str:
    """How long a run has been running."""
    return lasted((datetime.now(UTC) - from_text(run["started_at"])).total_seconds())


def _counts(run: Record) -> list[str | Text]:
    files = ""
    if "artifact_count" in run:
        files = f"{run['artifact_count']}, {size(int(run['artifact_bytes']))}"
    return [str(run.get("failed_command_count", "")), files]


def coloured(state: str) -> Text:
    return cell(state, COLOURS.get(state, ""))
