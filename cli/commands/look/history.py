"""`bolt-archive history`: how a schedule, or a node, has fared."""

from itertools import islice
from typing import Annotated, Any

import typer

from cli.commands.look.runs import coloured
from cli.stack.failures import failures_of
from cli.stack.options import find_target
from cli.stack.reasons import what_is_wrong, why
from cli.stack.records import Record, list_runs, run_name, whole_records
from cli.stack.schedules import find_schedules, read_schedule, standing
from cli.stack.target import Target
from cli.terminal.errors import RunUnknownError
from cli.terminal.output import (
    AsJson,
    cell,
    minute,
    new_listing,
    print_json,
    print_tables,
    say,
    working,
)
from functions.findings.artifacts.nodes import named
from functions.run.display import counted, lasted

_MARKS = {"failed": "x", "succeeded": "."}


def history(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="SCHEDULE|NODE",
            help="The name of a schedule, or of a model, test, …, or a node's unique id.",
        ),
    ],
    workspace: Annotated[
        str | None,
        typer.Option(metavar="UID", help="Only of this workspace, if several have such a name."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="So many of the schedule's runs, or of all failed runs.")
    ] = 30,
    as_json: AsJson = False,
) -> None:
    """Show how a schedule's last runs ended, or in which of the last failed runs a node failed.

    Of a name that a schedule and a node share, it is the schedule's. Successful runs are not
    archived, so whether a node was part of them is not known.

    Examples:
    $ bolt-archive history daily_run
    $ bolt-archive history customer_lifetime_value --limit 100
    """
    target = find_target(ctx)
    with working("reading runs"):
        schedules = find_schedules(target, name, workspace)
    if schedules:
        for schedule in schedules:
            _of_schedule(target, name, schedule["workspace_uid"], limit, as_json=as_json)
    else:
        _of_node(target, name, workspace, limit, as_json=as_json)


def _of_schedule(
    target: Target, name: str, workspace_uid: str, limit: int, *, as_json: bool
) -> None:
    with working("reading runs"):
        listed = list_runs(target, workspace=workspace_uid, schedule=name)
        found = list(whole_records(target, islice(listed, limit)))
        schedule = read_schedule(target, workspace_uid, name) or {}
    if as_json:
        print_json([_entry(run) | {"why": why(run) or None} for run in found])
        return
    strip = "".join(_MARKS.get(run["state"], "-") for run in reversed(found))
    usual = schedule.get("usual_seconds")
    say(f"{name}: {standing(schedule) or 'not failing'}")
    if usual is not None:
        say(f"a run usually takes {lasted(int(usual))}")
    say(f"{strip}  ({counted(len(found), 'run')}, the latest on the right; x failed)")
    say("")
    table = new_listing("run", "started (UTC)", "state", "took", "why")
    for run in found:
        seconds = run.get("duration_seconds")
        table.add_row(
            cell(run["run_id"]),
            minute(run["started_at"]),
            coloured(run["state"]),
            "" if seconds is None else lasted(int(seconds)),
            cell(why(run)),
        )
    print_tables(table)


def _of_node(
    target: Target, name: str, workspace: str | None, limit: int, *, as_json: bool
) -> None:
    with working("reading failed runs"):
        listed = list_runs(target, workspace=workspace, failed=True)
        runs = list(whole_records(target, islice(listed, limit)))
        found = [
            (run, failure)
            for run in runs
            for failure in failures_of(target, run)
            if name in (failure["unique_id"], named(failure["unique_id"]).name)
        ]
    if as_json:
        print_json([_entry(run) | {"failure": failure} for run, failure in found])
        return
    of = counted(len(runs), "failed run")
    if not found:
        raise RunUnknownError(
            f"no schedule is named {name}, and no node of this name failed in the last {of}"
        )
    say(f"{name} failed in {len({run['run_key'] for run, _ in found})} of the last {of}")
    say("")
    table = new_listing("run", "schedule", "started (UTC)", "status", "message")
    for run, failure in found:
        table.add_row(
            cell(run["run_id"]),
            cell(run["schedule_name"]),
            minute(run["started_at"]),
            coloured(failure.get("status") or ""),
            cell(what_is_wrong(failure)),
        )
    print_tables(table)


def _entry(run: Record) -> dict[str, Any]:
    return {"run": run_name(run)} | {
        name: run.get(name)
        for name in ("schedule_name", "state", "started_at", "ended_at", "duration_seconds")
    }
