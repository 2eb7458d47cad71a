"""The run record: what a delivery says about a run, as attributes of its item in DynamoDB.

A run's deliveries come in any order and any number of times. So each has a rank, and the record is
what the highest-ranked one says. Completed ranks above started; among completed, failure above
success, Paradime's webhook above our sweep of its API, and the later end above the earlier one;
finally the digest of the body decides. The rank is a text, so that DynamoDB can compare it.
"""

import gzip
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from msgspec import Struct

from functions.run.event import Command, Deferral, Environment, RunEvent
from functions.run.instants import to_text_if_known
from functions.run.masking import beginning_without_secrets
from functions.run.outcome import run_failed, run_state
from functions.run.text import take_fitting
from functions.shared.errors import TooLargeError

# An item holds 400 KB. The event gets most of it (a payload compresses to a tenth or less), the
# commands get a fixed part, and all other texts are cut.
MAX_PACKED_EVENT_BYTES = 256 * 1024
PACKING_LEVEL = 6  # 9 takes twice the time for the same size
MAX_COMMANDS_BYTES = 64 * 1024
MAX_TEXT_CHARACTERS = 1024
MAX_COMMAND_CHARACTERS = 256
MAX_SETTING_CHARACTERS = 256
MAX_INDEX_KEY_BYTES = 1024


class Source(StrEnum):
    """Where a delivery came from."""

    WEBHOOK = "webhook"
    SWEEP = "sweep"


class Delivery(Struct, frozen=True, kw_only=True):
    """One event of a run as it reached us; `body` is its JSON, byte for byte."""

    event: RunEvent
    body: bytes
    delivery_id: str
    received_at: datetime
    source: Source = Source.WEBHOOK


def rank(delivery: Delivery) -> str:
    event = delivery.event
    order = f"{event.completed:d}{run_failed(event):d}{delivery.source is Source.WEBHOOK:d}"
    return f"{order} {to_text_if_known(event.end_dttm) or ''} {sha256(delivery.body).hexdigest()}"


def attributes(delivery: Delivery) -> dict[str, Any]:
    """All attributes that a delivery decides; None if it says nothing about one.

    Raises:
        TooLargeError: the compressed body does not fit into an item.
    """
    event = delivery.event
    packed = gzip.compress(delivery.body, PACKING_LEVEL, mtime=0)
    if len(packed) > MAX_PACKED_EVENT_BYTES:
        raise TooLargeError(
            f"the event of run {event.run_key} compresses to {len(packed)} bytes; "
            f"a record can hold {MAX_PACKED_EVENT_BYTES}"
        )
    environment, commands = event.environment or Environment(), event.commands or ()
    failed, started_at = run_failed(event), to_text_if_known(event.start_dttm)
    failed_count = sum(command.failed for command in commands)
    schedule, deferral = event.schedule, event.schedule.deferral or Deferral()
    return {
        "workspace_uid": event.workspace.uid,
        "workspace_name": _cut(event.workspace.name),
        "schedule_name": event.schedule_name[:MAX_TEXT_CHARACTERS],
        "schedule_key": index_key(event.workspace.uid, event.schedule_name),
        "run_id": event.id,
        "run_url": _cut(event.run_url),
        "api_url": _cut(event.api_url),
        "state": _cut(run_state(event)),
        "reported_status": _cut(event.status),
        "actor": told(environment.actor),
        "branch": told(environment.branch),
        "commit_hash": _cut(environment.commit_hash),
        "email": _cut(environment.email),
        "pull_request_id": told(environment.pull_request_id, MAX_SETTING_CHARACTERS),
        "parent_schedule_run_id": event.parent_schedule_run_id,
        "owner_email": told(schedule.owner_email, MAX_SETTING_CHARACTERS),
        "environment": told(schedule.environment, MAX_SETTING_CHARACTERS),
        "turbo_ci": schedule.is_turbo_ci or None,
        "deferred_schedule": told(deferral.schedule, MAX_SETTING_CHARACTERS),
        "deferred_environment": told(deferral.environment, MAX_SETTING_CHARACTERS),
        "started_at": started_at,
        "ended_at": ended_at(event),
        "duration_seconds": duration_seconds(event),
        "error_string": told(event.error_string),
        "commands": _fitting(commands) if event.completed else None,
        "command_count": len(commands) if event.completed else None,
        "failed_command_count": failed_count if event.completed else None,
        "failed_workspace_uid": event.workspace.uid if failed else None,
        "source": delivery.source.value,
        "event_rank": rank(delivery),
        "event_gz": packed,
    }


def index_key(workspace_uid: str, schedule_name: str) -> str:
    """The key of the index `by-schedule`; DynamoDB refuses index keys over 2,048 bytes."""
    key = f"{workspace_uid}#{schedule_name}".encode()[:MAX_INDEX_KEY_BYTES]
    return key.decode(errors="ignore")


def unpack_event(item: Mapping[str, Any]) -> bytes:
    """The stored body of a record's event, byte for byte."""
    return gzip.decompress(bytes(item["event_gz"]))


def ended_at(event: RunEvent) -> str | None:
    """The run's end, otherwise its last command's end, otherwise its start.

    The index of failed runs is sorted by it, so a failed run without it would be missing there.
    """
    if not event.completed:
        return None
    ends = [command.end_dttm for command in event.commands or () if command.end_dttm]
    return to_text_if_known(event.end_dttm or max(ends, default=event.start_dttm))


def duration_seconds(event: RunEvent) -> int | None:
    if event.end_dttm is None:
        return None
    return round((event.end_dttm - event.start_dttm).total_seconds())


def _fitting(commands: tuple[Command, ...]) -> list[dict[str, Any]]:
    """The commands that fit into their part of the item; failed ones take precedence."""
    failed_first = sorted(enumerate(commands, start=1), key=lambda numbered: not numbered[1].failed)
    summaries = (_summary(index, command) for index, command in failed_first)
    fitting = take_fitting(summaries, MAX_COMMANDS_BYTES, _item_bytes)
    return sorted(fitting, key=lambda summary: int(summary["index"]))


def _item_bytes(summary: dict[str, Any]) -> int:
    """Names and values count with their own size, numbers and maps with a few bytes more."""
    return sum(len(name) + len(str(value).encode()) + 4 for name, value in summary.items())


def _summary(index: int, command: Command) -> dict[str, Any]:
    return {
        "id": command.id,
        "index": index,
        "command": told(command.command, MAX_COMMAND_CHARACTERS),
        "status": told(command.status, MAX_COMMAND_CHARACTERS),
        "return_code": command.return_code,
        "started_at": to_text_if_known(command.start_dttm),
        "ended_at": to_text_if_known(command.end_dttm),
    }


def told(text: str | None, characters: int = MAX_TEXT_CHARACTERS) -> str | None:
    """The beginning of somebody else's text, without credentials; None if there is nothing."""
    return _cut(beginning_without_secrets(text, characters), characters) if text else None


def _cut(text: str | None, characters: int = MAX_TEXT_CHARACTERS) -> str | None:
    return text[:characters] if text else None
