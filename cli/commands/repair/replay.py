"""`bolt-archive replay`: archives runs again."""

from typing import Annotated

import typer

from cli.stack.options import find_target
from cli.stack.records import Record, read_run, run_name
from cli.stack.requeue import mark_queued, pointer_of
from cli.terminal.errors import NotReplayableError
from cli.terminal.output import AsJson, print_json, say, working


def replay(
    ctx: typer.Context,
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN", help="<workspace uid>/<run id>, or the run id alone."),
    ],
    as_json: AsJson = False,
) -> None:
    """Archive runs again, or such as have not been archived.

    Files that are stored stay; what is missing is fetched, and the page and the inventory are made
    anew. Works for succeeded runs as well.

    Examples:
    $ bolt-archive replay 63187
    $ bolt-archive runs --failed --json | jq -r '.[].run_id' > failed
    $ xargs bolt-archive replay < failed
    """
    target = find_target(ctx)
    with working("reading the runs"):
        records = [read_run(target, run) for run in runs]
    for record in records:
        _check(record)
    for record in records:
        mark_queued(target, record)
        target.sqs.send_message(QueueUrl=target.queue_url, MessageBody=pointer_of(record).to_json())
        if not as_json:
            say(f"queued: {run_name(record)}")
    if as_json:
        print_json([{"run": run_name(record), "archive_state": "queued"} for record in records])


def _check(record: Record) -> None:
    if record["state"] == "running":
        raise NotReplayableError(
            f"run {run_name(record)} has not ended, as far as its deliveries say: there is "
            "nothing to archive yet; no run was queued"
        )
