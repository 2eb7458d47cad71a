"""`bolt-archive replay`: archives runs again, or for the first time."""

from typing import Annotated

import typer

from cli.stack.options import find_target
from cli.stack.records import Record, read_run, run_name
from cli.stack.target import Target
from cli.terminal.errors import NotReplayableError
from cli.terminal.output import AsJson, print_json, say, working
from functions.intake.pointer import Pointer


def replay(
    ctx: typer.Context,
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN", help="<workspace uid>/<run id>, or just the run id."),
    ],
    as_json: AsJson = False,
) -> None:
    """Archive runs again, or for the first time.

    Stored files are kept, missing ones are fetched, and the page and the inventory are rebuilt.
    Succeeded runs can be archived too.

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
        target.sqs.send_message(QueueUrl=target.queue_url, MessageBody=_pointer(record).to_json())
        if not as_json:
            say(f"queued: {run_name(record)}")
    if as_json:
        print_json([{"run": run_name(record), "archive_state": "queued"} for record in records])


def mark_queued(target: Target, record: Record) -> None:
    """Sets the record to `queued`, and forgets from which event its archive was made.

    Files that are stored are not fetched again, whatever the record says.
    """
    target.runs.update_item(
        Key={"run_key": record["run_key"]},
        UpdateExpression="SET archive_state = :queued REMOVE archived_rank, archive_error",
        ConditionExpression="attribute_exists(event_rank)",  # else it would create a record
        ExpressionAttributeValues={":queued": "queued"},
    )


def _pointer(record: Record) -> Pointer:
    return Pointer(
        workspace_uid=record["workspace_uid"],
        run_id=int(record["run_id"]),
        schedule_name=record["schedule_name"],
        status=record.get("reported_status") or "",
    )


def _check(record: Record) -> None:
    if record["state"] == "running":
        raise NotReplayableError(
            f"run {run_name(record)} has not ended according to its deliveries, so there is "
            "nothing to archive yet; no run was queued"
        )
