"""`bolt-archive runs`: which runs there are, and how they ended."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.stack.options import find_target
from cli.stack.records import Record, list_runs, read_run, run_name
from cli.stack.schedules import read_schedule, standing
from cli.stack.sweep_function import sweep_settings
from cli.stack.target import Target
from cli.terminal.input import Since
from cli.terminal.output import (
    AsJson,
    cell,
    has_room_for,
    new_table,
    print_json,
    print_tables,
    say,
    short_instant,
    warn,
    working,
)
from functions.run.display import lasted, size
from functions.run.instants import from_text, to_text

_WIDE = 110

COLOURS = {
    "failed": "red",
    "succeeded": "green",
    "running": "blue",
    "queued": "blue",
    "archived": "green",
    "partial": "yellow",
}


def runs(
    ctx: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="Only failed runs.")] = False,
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
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="Runs per page.")] = 20,
    after: Annotated[
        str | None, typer.Option(metavar="RUN", help="Next page: start after this run.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, latest first.

    Examples:
    $ bolt-archive runs --failed --since 7d
    $ bolt-archive runs --schedule daily_run --limit 50
    $ bolt-archive runs --json | jq -r '.[].run_id'
    """
    target = find_target(ctx)
    with working("reading runs"):
        last = None if after is None else read_run(target, after)
        found = list_runs(
            target, workspace=workspace, schedule=schedule, failed=failed, since=since, after=last
        )
        if stale:
            found = filter(is_stale(target), found)
        page = list(islice(found, limit + 1))
        page, more = page[:limit], len(page) > limit
        failing = [] if as_json else list(standings(target, page))
    if as_json:
        print_json(page)
    elif not page:
        say("no runs found")
    else:
        print_tables(table_of(page, with_age=stale))
        for line in failing:
            warn(line)
        if stale:
            warn("what is known of one: bolt-archive show RUN; cancel it in Paradime if it hangs")
    if more:
        warn(f"more runs follow; for the next page: --after {run_name(page[-1])}")


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


def table_of(found: list[Record], *, with_age: bool = False) -> Table:
    """Shows the counts only if there is room for them; the rest fits into 80 columns."""
    headers = [
        "run",
        "schedule",
        "started (UTC)",
        "state",
        "running for" if with_age else "archive",
    ]
    more_headers = ["commands failed", "files"] if has_room_for(_WIDE) else []
    table = new_table(*headers, *more_headers)
    table.columns[0].no_wrap = True
    for run in found:
        cells: list[str | Text] = [
            cell(run_name(run)),
            cell(run["schedule_name"]),
            short_instant(run["started_at"]),
            coloured(run["state"]),
            age_of(run) if with_age else coloured(run.get("archive_state", "")),
        ]
        table.add_row(*cells, *(_counts(run) if more_headers else ()))
    return table


def age_of(run: Record) -> str:
    """How long a run has been running."""
    return lasted((datetime.now(UTC) - from_text(run["started_at"])).total_seconds())


def _counts(run: Record) -> tuple[str, str]:
    files = ""
    if "artifact_count" in run:
        files = f"{run['artifact_count']}, {size(int(run['artifact_bytes']))}"
    return str(run.get("failed_command_count", "")), files


def coloured(state: str) -> Text:
    return cell(state, COLOURS.get(state, ""))
