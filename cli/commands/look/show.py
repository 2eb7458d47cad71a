"""`bolt-archive show`: one run with its commands, failures and files."""

from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from cli.commands.look.runs import coloured
from cli.stack.options import RunName, find_target
from cli.stack.records import Record, read_inventory, read_run, run_name
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
    if as_json:
        print_json({"record": record, "archive": inventory})
        return
    tables = [facts_of(record, target.bucket)]
    if record.get("commands"):
        tables.append(commands_of(record))
    if record.get("failure_groups"):
        tables.append(groups_of(record))
    if record.get("failures"):
        tables.append(failures_of(record))
    if inventory is not None:
        tables.append(files_of(inventory, record["archive_prefix"]))
    print_tables(*tables)


def facts_of(record: Record, bucket: str) -> Table:
    facts: dict[str, Any] = {
        "run": run_name(record),
        "workspace": record.get("workspace_name"),
        "schedule": record["schedule_name"],
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
