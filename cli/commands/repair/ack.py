"""`bolt-archive ack`: acknowledges that a schedule fails, so that nobody is reminded of it."""

from datetime import datetime
from typing import Annotated

import typer

from cli.stack.options import find_target
from cli.stack.schedules import find_schedule, standing
from cli.terminal.errors import NotFailingError
from cli.terminal.input import Until, in_a_day
from cli.terminal.output import AsJson, print_json, say, working
from functions.run.instants import to_text

MAX_NOTE_CHARACTERS = 200


def ack(
    ctx: typer.Context,
    schedule: Annotated[str, typer.Argument(metavar="SCHEDULE", help="The schedule's name.")],
    until: Until = None,
    note: Annotated[
        str, typer.Option(help="What others should know, such as who looks after it.")
    ] = "",
    end: Annotated[
        bool, typer.Option("--end", help="End the acknowledgment instead of making one.")
    ] = False,
    workspace: Annotated[
        str | None,
        typer.Option(metavar="UID", help="Its workspace, if several have such a schedule."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Acknowledge that a schedule fails: no reminders while the same nodes fail.

    A failure of other nodes is announced all the same, and so is the recovery, which ends the
    acknowledgment. Until then it is part of every message about the schedule.

    Examples:
    $ bolt-archive ack daily_run --until 2d --note "waiting for the upstream fix"
    $ bolt-archive ack daily_run --end
    """
    target = find_target(ctx)
    with working("reading the schedule"):
        found = find_schedule(target, schedule, workspace)
    key = {name: found[name] for name in ("workspace_uid", "schedule_key")}
    if not end and not found.get("failed_in_a_row"):
        raise NotFailingError(f"schedule {schedule} does not fail: there is nothing to acknowledge")
    if end:
        answer = target.schedules.update_item(
            Key=key,
            UpdateExpression="SET version = version + :one REMOVE acknowledged",
            ExpressionAttributeValues={":one": 1},
            ReturnValues="ALL_NEW",
        )
    else:
        answer = target.schedules.update_item(
            Key=key,
            UpdateExpression="SET acknowledged = :acknowledged, version = version + :one",
            ExpressionAttributeValues={":acknowledged": _acknowledgment(until, note), ":one": 1},
            ReturnValues="ALL_NEW",
        )
    changed = answer["Attributes"]
    if as_json:
        acknowledged = changed.get("acknowledged")
        print_json({"schedule_name": schedule} | key | {"acknowledged": acknowledged})
    else:
        say(f"{schedule}: {standing(changed) or 'not failing'}")


def _acknowledgment(until: datetime | None, note: str) -> dict[str, str]:
    acknowledged = {"until": to_text(until or in_a_day())}
    return acknowledged | ({"note": note[:MAX_NOTE_CHARACTERS]} if note else {})
