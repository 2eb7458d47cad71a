"""`bolt-archive runs`: which runs there are, and how they ended."""

from itertools import islice
from typing import Annotated

import typer
from rich.filesize import decimal
from rich.table import Table

from cli.output import AsJson, console, print_json, short_instant
from cli.records import Record, list_runs
from cli.target import Target, targeted

COLOURS = {"failed": "red", "succeeded": "green", "running": "blue", "partial": "yellow"}


@targeted
def runs(
    target: Target,
    failed: Annotated[bool, typer.Option("--failed", help="Only failed runs.")] = False,
    schedule: Annotated[str | None, typer.Option(help="Only runs of this schedule.")] = None,
    workspace: Annotated[str | None, typer.Option(help="Only this workspace (its uid).")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, latest first.

    Example: bolt-archive runs --failed --schedule daily_run
    """
    found = list(
        islice(list_runs(target, workspace=workspace, schedule=schedule, failed=failed), limit)
    )
    if as_json:
        print_json(found)
    elif not found:
        console.print("no runs")
    else:
        console.print(table_of(found))


def table_of(found: list[Record]) -> Table:
    table = Table(
        "run", "schedule", "started (UTC)", "state", "commands failed", "archive", "files"
    )
    for run in found:
        table.add_row(
            f"{run['workspace_uid']}/{run['run_id']}",
            run["schedule_name"],
            short_instant(run["started_at"]),
            coloured(run["state"]),
            str(run.get("failed_command_count", "")),
            coloured(run.get("archive_state", "")),
            f"{run['artifact_count']}, {decimal(int(run['artifact_bytes']))}"
            if "artifact_count" in run
            else "",
        )
    return table


def coloured(state: str) -> str:
    colour = COLOURS.get(state)
    return f"[{colour}]{state}[/]" if colour else state
