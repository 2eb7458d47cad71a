"""`bolt-archive show`: one run with its commands, failures and files."""

from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from cli.commands.look.runs import age_of, coloured
from cli.stack.options import RunName, find_target
from cli.stack.records import Record, read_inventory, read_run, run_name
from cli.stack.schedules import Schedule, read_schedule, standing
from cli.terminal.output import (
    AsJson,
    cell,
    new_facts,
    new_table,
    print_json,
    print_tables,
    short_instant,
    working,
)
from functions.run.archive_outcome import next_steps
from functions.run.display import counted, lasted, size
from functions.run.text import deferred_to, healed_in_words, kind_of_run


def show(ctx: typer.Context, run: RunName, as_json: AsJson = False) -> None:
    """Show a run: what failed, its commands, and its files.

    Examples:
    $ bolt-archive show 63187
    $ bolt-archive show n0sg8br1m44k0ryj/63187 --json
    """
    target = find_target(ctx)
    with working("reading the run"):
        record = read_run(target, run)
        inventory = read_inventory(target, record)
        schedule = read_schedule(target, record["workspace_uid"], record["schedule_name"])
    if as_json:
        print_json({"record": record, "schedule": schedule_of(schedule), "archive": inventory})
        return
    tables = [facts_of(record, schedule, target.bucket)]
    if record.get("commands"):
        tables.append(commands_of(record))
    if record.get("failure_groups"):
        tables.append(groups_of(record))
    if record.get("failures"):
        tables.append(failures_of(record))
    if inventory is not None:
        tables.append(files_of(inventory, record["archive_prefix"]))
    if record["state"] not in ("running", "succeeded"):
        tables.append(steps_of(record))
    print_tables(*tables)


def schedule_of(schedule: Schedule | None) -> Schedule | None:
    """The state without what only the functions read."""
    if schedule is None:
        return None
    apart = ("runs", "version", "expires_at", "failed_before", "failing_before")
    return {name: value for name, value in schedule.items() if name not in apart}


def facts_of(record: Record, schedule: Schedule | None, bucket: str) -> Table:
    facts: dict[str, Any] = {
        "run": run_name(record),
        "workspace": record.get("workspace_name"),
        "schedule": record["schedule_name"],
        "schedule is": standing(schedule) if schedule else None,
        "started": short_instant(record["started_at"]),
        "ended": _ended(record),
        "running for": _running_for(record, schedule),
        "by": record.get("actor"),
        "kind": _kind(record),
        "owner": record.get("owner_email"),
        "environment": record.get("environment"),
        "deferred to": deferred_to(
            record.get("deferred_schedule"), record.get("deferred_environment")
        ),
        "branch": " ".join(filter(None, (record.get("branch"), record.get("commit_hash")))),
        "error": record.get("error_string"),
        "in Paradime": record.get("run_url"),
        "archive error": record.get("archive_error"),
        "healed": _healed(record),
    }
    return new_facts(
        {"state": coloured(record["state"])}
        | {name: cell(fact) for name, fact in facts.items() if fact}
        | {"archive": _archive(record, bucket)}
    )


def commands_of(record: Record) -> Table:
    table = new_table("", "command", "status", "return code", "ended (UTC)")
    for command in record["commands"]:
        code = command.get("return_code")
        table.add_row(
            str(command["index"]),
            cell(command["command"] or ""),
            coloured(command["status"] or ""),
            "" if code is None else str(code),
            short_instant(command["ended_at"]),
        )
    return table


def groups_of(record: Record) -> Table:
    """What failed of one cause."""
    table = new_table("cause of", "message", "such as")
    for group in record["failure_groups"]:
        table.add_row(
            cell(group["what"], "bold"),
            cell(group["message"] or ""),
            cell(", ".join(group["unique_ids"])),
        )
    return table


def failures_of(record: Record) -> Table:
    failures = record["failures"]
    count = int(record.get("failure_count", len(failures)))
    what = "failed" if count <= len(failures) else f"failed ({len(failures)} of {count:,})"
    table = new_table("", what, "message")
    for failure in failures:
        table.add_row(
            cell("healed", "green")
            if failure.get("healed_by")
            else cell(failure.get("status") or "", "red"),
            cell(failure.get("unique_id") or "", "bold"),
            cell(failure.get("message") or ""),
        )
    return table


def steps_of(record: Record) -> Table:
    """What to do next, but for what was just done."""
    table = new_table("next", "what it does")
    state = record.get("archive_state")
    for step in next_steps(record["workspace_uid"], int(record["run_id"]), state)[:-1]:
        table.add_row(cell(step.command, "bold"), step.does)
    return table


def files_of(inventory: dict[str, Any], prefix: str) -> Table:
    """The files, by their path in the archive, then the missing ones and why."""
    table = new_table("file", "size", "sha256")
    for file in inventory["files"]:
        path = cell(file["key"].removeprefix(prefix))
        table.add_row(path, size(file["bytes"]), cell(file["sha256"][:12]))
    for file in inventory["missing"]:
        path = cell(file["key"].removeprefix(prefix))
        table.add_row(path, Text("missing", "yellow"), cell(file["reason"]))
    for file in inventory.get("pending", ()):
        path = cell(file["key"].removeprefix(prefix))
        table.add_row(path, Text("still to come", "yellow"), cell(file["reason"]))
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


def _archive(record: Record, bucket: str) -> Text:
    state = record.get("archive_state")
    if state is None:
        return Text()
    text = coloured(state)
    if "artifact_count" in record:
        count, total = int(record["artifact_count"]), int(record["artifact_bytes"])
        text = Text.assemble(text, f", {counted(count, 'file')}, {size(total)}")
    if record.get("archive_prefix"):
        text = Text.assemble(text, ", ", cell(f"s3://{bucket}/{record['archive_prefix']}"))
    return text
