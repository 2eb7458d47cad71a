"""`bolt-archive show`: one run with its commands, failures and files."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.commands.look.runs import age_of, coloured
from cli.stack.options import ExitStatus, LastFailedRun, end_with_state, find_target
from cli.stack.reasons import failed_commands
from cli.stack.records import Record, read_inventory, read_run_or_last, run_name
from cli.stack.schedules import Schedule, read_schedule, standing
from cli.terminal.output import (
    AsJson,
    cell,
    new_facts,
    new_table,
    on_terminal,
    paragraph,
    print_json,
    print_tables,
    say,
    short_instant,
    working,
)
from functions.findings.artifacts.nodes import named
from functions.run.archive_outcome import next_steps
from functions.run.display import counted, lasted, size
from functions.run.text import deferred_to, healed_in_words, kind_of_run

_MOST_NAMED = 3


def show(
    ctx: typer.Context,
    run: LastFailedRun = None,
    files: Annotated[
        bool, typer.Option("--files", help="List the files, and not only those that are missing.")
    ] = False,
    exit_status: ExitStatus = False,
    as_json: AsJson = False,
) -> None:
    """Show a run: what failed, its commands, and its files.

    Without RUN, it is the failed run that ended last.

    Examples:
    $ bolt-archive show
    $ bolt-archive show 63187 --files
    $ bolt-archive show n0sg8br1m44k0ryj/63187 --json
    """
    target = find_target(ctx)
    with working("reading the run"):
        record = read_run_or_last(target, run)
        inventory = read_inventory(target, record)
        schedule = read_schedule(target, record["workspace_uid"], record["schedule_name"])
    if as_json:
        print_json({"record": record, "schedule": schedule_of(schedule), "archive": inventory})
    else:
        tables = [head_of(record, schedule)]
        if record.get("failure_groups"):
            tables.append(groups_of(record))
        if record.get("failures") and not (record.get("failure_groups") and on_terminal()):
            tables.append(failures_of(record))
        tables.append(facts_of(record))
        if record.get("commands"):
            tables.append(commands_of(record))
        if inventory is not None and (listed := files_of(inventory, record, in_full=files)):
            tables.append(listed)
        if record["state"] not in ("running", "succeeded"):
            tables.append(steps_of(record))
        print_tables(*tables)
        if files and record.get("archive_prefix"):
            say(f"s3://{target.bucket}/{record['archive_prefix']}")
    end_with_state(record, exit_status=exit_status)


def schedule_of(schedule: Schedule | None) -> Schedule | None:
    """The state without what only the functions read."""
    if schedule is None:
        return None
    apart = ("runs", "version", "expires_at", "failed_before", "failing_before")
    return {name: value for name, value in schedule.items() if name not in apart}


def head_of(record: Record, schedule: Schedule | None) -> Table:
    """What one wants to know first."""
    broken = failed_commands(record)
    facts = {
        "run": run_name(record),
        "schedule": record["schedule_name"],
        "schedule is": standing(schedule) if schedule else None,
        "running for": _running_for(record, schedule),
        "command": ", ".join(f"{command['index']}, {command['command']}" for command in broken[:3]),
        "error": record.get("error_string"),
        "healed": _healed(record),
        "archive error": record.get("archive_error"),
    }
    return _facts({"state": coloured(record["state"])}, facts)


def facts_of(record: Record) -> Table:
    facts = {
        "workspace": record.get("workspace_name"),
        "started": short_instant(record["started_at"]),
        "ended": _ended(record),
        "by": record.get("actor"),
        "kind": _kind(record),
        "owner": record.get("owner_email"),
        "environment": record.get("environment"),
        "deferred to": deferred_to(
            record.get("deferred_schedule"), record.get("deferred_environment")
        ),
        "branch": " ".join(filter(None, (record.get("branch"), record.get("commit_hash")))),
        "in Paradime": record.get("run_url"),
    }
    return _facts({}, facts, {"archive": _archive(record)})


def _facts(
    first: dict[str, Text], facts: Mapping[str, str | None], last: Mapping[str, Text] | None = None
) -> Table:
    shown = {name: cell(fact) for name, fact in facts.items() if fact}
    return new_facts(first | shown | dict(last or {}))


def commands_of(record: Record) -> Table:
    table = new_table("", "command", "status", "returned", "ended (UTC)")
    for command in record["commands"]:
        code = command.get("return_code")
        table.add_row(
            str(command["index"]),
            cell(command["command"] or ""),
            coloured(command["status"] or ""),
            "" if code is None else str(code),
            short_instant(command["ended_at"]),
        )
    for column in table.columns[2:]:
        column.no_wrap = True
    return table


def groups_of(record: Record) -> Table:
    """What failed of one cause."""
    if not on_terminal():
        table = new_table("cause of", "message", "such as")
        for group in record["failure_groups"]:
            nodes = ", ".join(group["unique_ids"])
            table.add_row(cell(group["what"], "bold"), cell(group["message"] or ""), cell(nodes))
        return table
    table = new_table("", "what failed")
    for group in record["failure_groups"]:
        names = [named(unique_id).name for unique_id in group["unique_ids"]]
        several = int(group["count"]) > 1
        what = group["what"] if several else names[0]
        such = [cell(f"such as {', '.join(names[:_MOST_NAMED])}", "dim")] * several
        table.add_row(cell(group["status"] or "", "red"), _block(what, group["message"], *such))
    return table


def failures_of(record: Record) -> Table:
    """On a terminal each message stands below the node that it is about, and keeps its lines."""
    failures = record["failures"]
    count = int(record.get("failure_count", len(failures)))
    what = "failed" if count <= len(failures) else f"failed ({len(failures)} of {count:,})"
    table = new_table("", what) if on_terminal() else new_table("", what, "message")
    for failure in failures:
        status = (
            cell("healed", "green")
            if failure.get("healed_by")
            else cell(failure.get("status") or "", "red")
        )
        unique_id, message = failure.get("unique_id") or "", failure.get("message") or ""
        if on_terminal():
            node = named(unique_id)
            what = f"{node.name} ({node.kind_in_words})" if node.kind else node.name
            table.add_row(status, _block(what, message))
        else:
            table.add_row(status, cell(unique_id, "bold"), cell(message))
    return table


def _block(what: str, message: str | None, *more: Text) -> Text:
    parts = [cell(what, "bold"), *([paragraph(message)] if message else []), *more]
    return Text("\n").join(parts)


def steps_of(record: Record) -> Table:
    """What to do next, but for what was just done."""
    table = new_table("next") if on_terminal() else new_table("next", "what it does")
    state = record.get("archive_state")
    for step in next_steps(record["workspace_uid"], int(record["run_id"]), state)[:-1]:
        if on_terminal():  # a command on a line of its own can be copied
            table.add_row(Text("\n").join([cell(step.command, "bold"), cell(f"  {step.does}")]))
        else:
            table.add_row(cell(step.command), step.does)
    return table


def files_of(inventory: dict[str, Any], record: Record, *, in_full: bool) -> Table | None:
    """The missing files and why, after all others if asked; None if there is nothing to list."""
    gone = [
        (file, Text(state, "yellow"))
        for name, state in (("missing", "missing"), ("pending", "still to come"))
        for file in inventory.get(name, ())
    ]
    if not in_full and not gone:
        return None
    prefix = record["archive_prefix"]
    table = new_table("file", "size", "sha256") if in_full else new_table("file", "", "why")
    for file in inventory["files"] if in_full else ():
        path = cell(file["key"].removeprefix(prefix))
        table.add_row(path, size(file["bytes"]), cell(file["sha256"][:12]))
    for file, state in gone:
        table.add_row(cell(file["key"].removeprefix(prefix)), state, cell(file["reason"]))
    table.columns[1].no_wrap = True
    return table


def _healed(record: Record) -> str:
    places = [int(place) for place in record.get("healed_by", ())]
    return healed_in_words(int(record.get("healed_count", 0)), places)


def _running_for(record: Record, schedule: Schedule | None) -> str:
    if record["state"] != "running":
        return ""
    usual = schedule.get("usual_seconds") if schedule else None
    age = age_of(record)
    return age if usual is None else f"{age}, usually {lasted(int(usual))}"


def _kind(record: Record) -> str:
    return kind_of_run(
        turbo_ci=bool(record.get("turbo_ci")),
        pull_request_id=record.get("pull_request_id"),
        parent_run_id=record.get("parent_schedule_run_id"),
    )


def _ended(record: Record) -> str:
    seconds = record.get("duration_seconds")
    ended = short_instant(record.get("ended_at"))
    return ended if seconds is None else f"{ended}, after {lasted(int(seconds))}"


def _archive(record: Record) -> Text:
    state = record.get("archive_state")
    if state is None:
        return Text()
    text = coloured(state)
    if "artifact_count" in record:
        count, total = int(record["artifact_count"]), int(record["artifact_bytes"])
        text = Text.assemble(text, f", {counted(count, 'file')}, {size(total)}")
    return text
