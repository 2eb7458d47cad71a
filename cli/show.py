"""`bolt-archive show`: one run, its commands and its files."""

from typing import Annotated, Any

import typer
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from cli.output import AsJson, console, print_json, short_instant
from cli.records import Record, read_inventory, read_run
from cli.runs import coloured
from cli.target import Target, targeted

RunName = Annotated[str, typer.Argument(help="<workspace uid>/<run id>, or the id alone.")]


@targeted
def show(run: RunName, target: Target, as_json: AsJson = False) -> None:
    """Show a run: its record, commands and files.

    Example: bolt-archive show 63187
    """
    record = read_run(target, run)
    inventory = read_inventory(target, record)
    if as_json:
        print_json({"record": record, "archive": inventory})
        return
    console.print(facts_of(record))
    if record.get("commands"):
        console.print(commands_of(record))
    if inventory:
        console.print(files_of(inventory))


def facts_of(record: Record) -> Table:
    table = Table.grid(padding=(0, 2))
    facts = {
        "run": f"{record['workspace_uid']}/{record['run_id']}",
        "workspace": record.get("workspace_name"),
        "schedule": record["schedule_name"],
        "started": short_instant(record["started_at"]),
        "ended": short_instant(record.get("ended_at")),
        "by": record.get("actor"),
        "branch": " ".join(filter(None, (record.get("branch"), record.get("commit_hash")))),
        "error": record.get("error_string"),
        "in Paradime": record.get("run_url"),
        "archive": record.get("archive_prefix"),
        "archive error": record.get("archive_error"),
    }
    table.add_row("state", coloured(record["state"]))
    for name, fact in facts.items():
        if fact:
            table.add_row(name, escape(str(fact)))
    return table


def commands_of(record: Record) -> Table:
    table = Table("", "command", "status", "return code", "ended (UTC)")
    for command in record["commands"]:
        code = command.get("return_code")
        table.add_row(
            str(command["index"]),
            escape(command["command"] or ""),
            coloured(escape(command["status"] or "")),
            "" if code is None else str(code),
            short_instant(command["ended_at"]),
        )
    return table


def files_of(inventory: dict[str, Any]) -> Table:
    table = Table("file", "size", "sha256")
    for file in inventory["files"]:
        table.add_row(escape(file["key"]), decimal(file["bytes"]), file["sha256"][:12])
    for file in inventory["missing"]:
        table.add_row(escape(file["key"]), "[yellow]missing[/]", escape(file["reason"]))
    return table
