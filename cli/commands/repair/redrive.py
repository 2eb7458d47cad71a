"""`bolt-archive redrive`: sends dead letters back to the run queue."""

from typing import Any

import typer
from rich.console import Console
from rich.progress import track

from cli.commands.repair.replay import mark_queued
from cli.stack.messages import held_messages
from cli.stack.options import find_target
from cli.stack.records import read_run
from cli.stack.target import Target
from cli.terminal.errors import IncompleteError, RunUnknownError
from cli.terminal.output import AsJson, print_json, say, warn
from functions.intake.pointer import parse
from functions.run.display import counted
from functions.shared.errors import NotUnderstoodError


def redrive(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Retry runs that were given up: send their dead letters back to the queue.

    First fix what made them fail: `bolt-archive show RUN` says what it was. Each letter is sent
    before it is deleted, so none is lost if you interrupt this. For deliveries that could not be
    understood, see `bolt-archive quarantine`.

    Examples:
    $ bolt-archive redrive
    $ bolt-archive redrive --json | jq '.[] | select(.left_because)'
    """
    target = find_target(ctx)
    done = []
    console = Console(stderr=True)
    with held_messages(target.sqs, target.dead_letter_url) as held:
        for message in track(
            held.all(),
            "sending",
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ):
            letter = _send_back(target, message["Body"])
            if "left_because" not in letter:
                held.delete(message)
            done.append(letter)
    left = [letter for letter in done if "left_because" in letter]
    if as_json:
        print_json(done)
    else:
        for letter in left:
            warn(f"not sent: {letter['body'][:200]}: {letter['left_because']}")
        say(f"{counted(len(done) - len(left), 'dead letter')} sent back to the run queue")
    if left:
        raise IncompleteError(
            f"{counted(len(left), 'dead letter')} not sent, for the reasons above; a dead letter "
            "expires after 14 days"
        )


def _send_back(target: Target, body: str) -> dict[str, Any]:
    """`{"body", "run"}`, with `left_because` if sending it would have been futile."""
    try:
        pointer = parse(body)
        run = f"{pointer.workspace_uid}/{pointer.run_id}"
        record = read_run(target, run)
    except (NotUnderstoodError, RunUnknownError) as e:
        return {"body": body, "run": None, "left_because": str(e)}
    if record.get("archive_state") == "failed":
        mark_queued(target, record)
    target.sqs.send_message(QueueUrl=target.queue_url, MessageBody=body)
    return {"body": body, "run": run}
