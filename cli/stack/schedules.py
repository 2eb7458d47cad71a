"""Reads the states of a stack's schedules."""

from collections.abc import Iterator
from typing import Any

from cli.stack.target import Target
from cli.terminal.errors import RunUnknownError
from cli.terminal.output import short_instant
from functions.run.display import counted
from functions.run.record import index_key
from functions.run.text import one_line

Schedule = dict[str, Any]


def read_schedule(target: Target, workspace_uid: str, name: str) -> Schedule | None:
    """The state of a schedule; None until one of its runs has ended."""
    key = {"workspace_uid": workspace_uid, "schedule_key": index_key(workspace_uid, name)}
    return target.schedules.get_item(Key=key, ConsistentRead=True).get("Item")


def all_schedules(target: Target) -> Iterator[Schedule]:
    """The states of all schedules, in no order."""
    pages: Any = target.schedules.meta.client.get_paginator("scan").paginate(
        TableName=target.schedules_table
    )
    return (item for page in pages for item in page["Items"] if "runs" in item)


def find_schedules(target: Target, name: str, workspace_uid: str | None) -> list[Schedule]:
    """The states of the schedules of this name, one a workspace at most."""
    return [
        item
        for item in all_schedules(target)
        if item["schedule_key"] == index_key(str(item["workspace_uid"]), name)
        and workspace_uid in (None, item["workspace_uid"])
    ]


def find_schedule(target: Target, name: str, workspace_uid: str | None) -> Schedule:
    """The only schedule of this name.

    Raises:
        RunUnknownError: There is none, or several workspaces have one.
    """
    found = find_schedules(target, name, workspace_uid)
    if not found:
        raise RunUnknownError(
            f"no run of a schedule {name} has ended; list all with `bolt-archive runs`"
        )
    if len(found) > 1:
        uids = ", ".join(str(item["workspace_uid"]) for item in found[:5])
        raise RunUnknownError(
            f"{len(found)} workspaces have a schedule {name}; choose one with --workspace: {uids}"
        )
    return found[0]


def standing(schedule: Schedule) -> str:
    """Such as `failing since 2026-03-03 02:00, 3 runs in a row`; empty if it does not fail."""
    if not schedule.get("failed_in_a_row"):
        return ""
    runs = counted(int(schedule["failed_in_a_row"]), "run")
    text = f"failing since {short_instant(schedule['failing_since'])}, {runs} in a row"
    if acknowledged := schedule.get("acknowledged"):
        text += f"; acknowledged until {short_instant(acknowledged['until'])}"
        if note := one_line(acknowledged.get("note")):
            text += f": {note}"
    return text
