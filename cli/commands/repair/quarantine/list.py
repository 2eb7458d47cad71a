"""`bolt-archive quarantine list`."""

from typing import Any

import typer
from rich.table import Table

from cli.commands.repair.quarantine.deliveries import read_deliveries
from cli.stack.messages import held_messages
from cli.stack.options import find_target
from cli.terminal.output import (
    AsJson,
    cell,
    new_facts,
    new_table,
    on_terminal,
    print_json,
    print_tables,
    say,
    short_instant,
)
from functions.run.display import size


def list_deliveries(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List quarantined deliveries and why each was not understood.

    Example:
    $ bolt-archive quarantine list
    """
    target = find_target(ctx)
    with held_messages(target.sqs, target.quarantine_url) as held:
        facts = [one.facts() for one in read_deliveries(held)]
    if as_json:
        print_json(facts)
    elif not facts:
        say("no quarantined deliveries")
    else:
        print_tables(*_tables(facts))


def _tables(facts: list[dict[str, Any]]) -> list[Table]:
    """On a terminal a block for each delivery: its name has to be copied, its reason read."""
    if on_terminal():
        return [
            new_facts(
                {
                    "name": cell(fact["name"], "bold"),
                    "received": f"{short_instant(fact['received_at'])} UTC, {size(fact['bytes'])}",
                    "reason": cell(fact["reason"]),
                }
            )
            for fact in facts
        ]
    table = new_table("name", "received (UTC)", "bytes", "reason")
    for fact in facts:
        received = short_instant(fact["received_at"])
        table.add_row(fact["name"], received, f"{fact['bytes']:,}", cell(fact["reason"]))
    return [table]
