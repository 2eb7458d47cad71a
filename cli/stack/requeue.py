"""Puts a run back to where it waits for its archive."""

from cli.stack.records import Record
from cli.stack.target import Target
from functions.intake.pointer import Pointer


def mark_queued(target: Target, record: Record) -> None:
    """The record says `queued`, and no longer that its archive is of its event.

    Files that are stored are not fetched again, whatever the record says.
    """
    target.runs.update_item(
        Key={"run_key": record["run_key"]},
        UpdateExpression="SET archive_state = :queued REMOVE archived_rank, archive_error",
        ConditionExpression="attribute_exists(event_rank)",  # else it would make a new record
        ExpressionAttributeValues={":queued": "queued"},
    )


def pointer_of(record: Record) -> Pointer:
    return Pointer(
        workspace_uid=record["workspace_uid"],
        run_id=int(record["run_id"]),
        schedule_name=record["schedule_name"],
        status=record.get("reported_status") or "",
    )
