"""`bolt-archive dead-letters`: which runs were given up, and why."""

import typer

from cli.stack.dead_letters import read_letter
from cli.stack.messages import held_messages
from cli.stack.options import find_target
from cli.terminal.output import AsJson, cell, minute, new_listing, print_json, print_tables, say


def dead_letters(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the runs that were given up, and why.

    They stay in the dead-letter queue. Once the reason is gone, `bolt-archive redrive` sends them
    back to be archived.

    Examples:
    $ bolt-archive dead-letters
    $ bolt-archive dead-letters --json | jq -r '.[].run'
    """
    target = find_target(ctx)
    with held_messages(target.sqs, target.dead_letter_url) as held:
        letters = sorted(
            (read_letter(target, message) for message in held.all()),
            key=lambda letter: letter.sent_at,
        )
    if as_json:
        print_json([letter.facts() for letter in letters])
    elif not letters:
        say("no dead letters")
    else:
        table = new_listing("run", "schedule", "given up (UTC)", "why")
        for letter in letters:
            record = letter.record or {}
            table.add_row(
                cell(letter.run or "?"),
                cell(record.get("schedule_name", "")),
                minute(letter.sent_at),
                cell(letter.left_because or record.get("archive_error") or ""),
            )
        print_tables(table)
