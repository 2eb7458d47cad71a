"""`bolt-archive redrive`: sends dead letters back to the run queue."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from cli.commands.repair.replay import mark_queued
from cli.stack.dead_letters import DeadLetter, read_letter
from cli.stack.messages import held_messages
from cli.stack.options import find_target
from cli.stack.target import Target
from cli.terminal.errors import IncompleteError
from cli.terminal.output import AsJson, print_json, say, warn
from functions.run.display import counted


def redrive(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print which runs would be sent back; send none.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Retry runs that were given up: send their dead letters back to the queue.

    First fix what made them fail: `bolt-archive dead-letters` says what it was. Each letter is
    sent before it is deleted, so none is lost if you interrupt this. For deliveries that could not
    be understood, see `bolt-archive quarantine`.

    Examples:
    $ bolt-archive redrive --dry-run
    $ bolt-archive redrive --json | jq '.[] | select(.left_because)'
    """
    target = find_target(ctx)
    letters = []
    console = Console(stderr=True)
    with held_messages(target.sqs, target.dead_letter_url) as held:
        for message in track(
            held.all(),
            "sending",
            console=console,
            transient=True,
            disable=dry_run or not console.is_terminal,
        ):
            letter = read_letter(target, message)
            letters.append(letter)
            if letter.left_because is None and not dry_run:
                _send_back(target, letter)
                held.delete(message)
                if not as_json:
                    say(f"sent back: {letter.run}")
    left = [letter for letter in letters if letter.left_because is not None]
    if as_json:
        print_json([letter.facts() for letter in letters])
    else:
        if dry_run:
            for letter in letters:
                if letter.left_because is None:
                    say(f"would be sent back: {letter.run}")
        for letter in left:
            warn(f"not sent: {letter.body[:200]}: {letter.left_because}")
        sent = counted(len(letters) - len(left), "dead letter")
        say(f"{sent} {'would be ' * dry_run}sent back to the run queue")
    if left:
        raise IncompleteError(
            f"{counted(len(left), 'dead letter')} not sent, for the reasons above; a dead letter "
            "expires after 14 days"
        )


def _send_back(target: Target, letter: DeadLetter) -> None:
    assert letter.record is not None
    if letter.record.get("archive_state") == "failed":
        mark_queued(target, letter.record)
    target.sqs.send_message(QueueUrl=target.queue_url, MessageBody=letter.body)
