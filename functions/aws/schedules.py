"""The schedules table: one item per schedule that has had a finished run.

`workspace_uid` and `schedule_key` (as in the runs table) are its key. `runs` are the newest runs,
packed; what is known from them stands beside it, for whoever looks at the table. Each write raises
`version`, and is made only if that is still what was read.

Beside it, what sweeps have seen of a schedule has an item of its own, whose `schedule_key` begins
with `expected:`. Only sweeps write it, and one at a time.
"""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct
from msgspec.structs import asdict

from functions.aws.client import error_code, translate_errors
from functions.aws.items import plain, typed
from functions.history.lateness import Expected
from functions.history.state import (
    Acknowledgment,
    EndedRun,
    Kind,
    ScheduleState,
    Streak,
    Told,
)
from functions.history.window import pack, unpack
from functions.run import instants
from functions.run.event import RunEvent
from functions.run.record import index_key
from functions.shared.errors import SupersededError

_EXPECTED = "expected:"

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ScheduleKey(Struct, frozen=True, kw_only=True):
    workspace_uid: str
    schedule_key: str

    @classmethod
    def of(cls, event: RunEvent) -> "ScheduleKey":
        uid = event.workspace.uid
        return cls(workspace_uid=uid, schedule_key=index_key(uid, event.schedule_name))


class StoredState(Struct, frozen=True, kw_only=True):
    """`state` is None if there is none yet, or if a later version of the code wrote it in a form
    that this one does not know; `version` is then 0, or its own.
    """

    state: ScheduleState | None
    version: int


class Schedules(Struct, frozen=True):
    """The states of schedules, and what sweeps have seen of them."""

    states: dict[str, ScheduleState]
    expected: dict[str, Expected]


class SchedulesTable:
    """All methods raise UnavailableError if DynamoDB fails."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def read(self, key: ScheduleKey) -> StoredState:
        with translate_errors("DynamoDB", schedule=key.schedule_key):
            answer = self._client.get_item(
                TableName=self._name, Key=typed(asdict(key)), ConsistentRead=True
            )
        item = plain(answer.get("Item", {}))
        return StoredState(state=from_item(item), version=int(item.get("version", 0)))

    def of_workspace(self, workspace_uid: str) -> "Schedules":
        """All that is known of a workspace's schedules, by their key in the runs table."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="workspace_uid = :uid",
            ExpressionAttributeValues=typed({":uid": workspace_uid}),
        )
        found = Schedules({}, {})
        with translate_errors("DynamoDB", workspace=workspace_uid):
            for page in pages:
                for item in map(plain, page["Items"]):
                    key: str = item["schedule_key"]
                    if key.startswith(_EXPECTED):
                        found.expected[key.removeprefix(_EXPECTED)] = _read_expected(item)
                    elif state := from_item(item):
                        found.states[key] = state
        return found

    def expect(self, key: ScheduleKey, expected: Expected, expires: int) -> None:
        """Stores what a sweep has seen."""
        seen = _present(
            next_run_at=instants.to_text_if_known(expected.next_run_at),
            missed_at=instants.to_text_if_known(expected.missed_at),
            slow=expected.slow,
            stuck=expected.stuck,
            expires_at=expires,
        )
        with translate_errors("DynamoDB", schedule=key.schedule_key):
            item = asdict(key) | {"schedule_key": _EXPECTED + key.schedule_key} | seen
            self._client.put_item(TableName=self._name, Item=typed(item))

    def write(self, key: ScheduleKey, state: ScheduleState, version: int, expires: int) -> None:
        """Stores a state in place of the one of that version; 0 if there was none.

        Raises:
            SupersededError: another one was stored meanwhile.
        """
        item = asdict(key) | to_item(state) | {"version": version + 1, "expires_at": expires}
        with translate_errors("DynamoDB", schedule=key.schedule_key):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item=typed(item),
                    ConditionExpression="attribute_not_exists(version) OR version = :version"
                    if not version
                    else "version = :version",
                    ExpressionAttributeValues=typed({":version": version}),
                )
            except ClientError as e:
                if error_code(e) == "ConditionalCheckFailedException":
                    raise SupersededError(
                        f"the state of schedule {key.schedule_key} has changed"
                    ) from e
                raise


def to_item(state: ScheduleState) -> dict[str, Any]:
    """The attributes of a state; what is not known has none."""
    streak, told, acknowledged = state.streak, state.told, state.acknowledged
    failure = _ended(state.last_failure)
    if failure and state.failing_nodes:
        failure["nodes"] = state.failing_nodes
    item = {
        "runs": pack(state.runs),
        "failed_before": state.before.length or None,
        "failing_before": instants.to_text_if_known(state.before.since),
        "failing_since": instants.to_text_if_known(streak.since),
        "failed_in_a_row": streak.length,
        "last_success": _ended(state.last_success),
        "last_failure": failure,
        "usual_seconds": state.usual_seconds,
        "told": told
        and _present(
            run_id=told.run_id,
            started_at=instants.to_text_if_known(told.started_at),
            kind=told.kind.value,
            nodes=told.nodes,
        ),
        "acknowledged": acknowledged
        and _present(
            until=instants.to_text_if_known(acknowledged.until), note=acknowledged.note or None
        ),
    }
    return {name: value for name, value in item.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> ScheduleState | None:
    """The reverse; None if it cannot be read. What the runs say is not read, but counted anew."""
    try:
        return ScheduleState(
            runs=tuple(unpack(bytes(item["runs"]))),
            before=Streak(int(item.get("failed_before", 0)), _instant(item.get("failing_before"))),
            last_success=_read_ended(item.get("last_success")),
            last_failure=_read_ended(item.get("last_failure")),
            failing_nodes=item.get("last_failure", {}).get("nodes"),
            usual_seconds=int(item["usual_seconds"]) if "usual_seconds" in item else None,
            told=_read_told(item["told"]) if "told" in item else None,
            acknowledged=Acknowledgment(
                instants.from_text(item["acknowledged"]["until"]),
                item["acknowledged"].get("note", ""),
            )
            if "acknowledged" in item
            else None,
        )
    except (KeyError, ValueError, TypeError, msgspec.DecodeError, zlib.error):
        return None


def _ended(run: EndedRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return _present(run_id=run.run_id, ended_at=run.ended_at, commit_hash=run.commit_hash)


def _read_ended(item: Mapping[str, Any] | None) -> EndedRun | None:
    if item is None:
        return None
    return EndedRun(int(item["run_id"]), item.get("ended_at"), item.get("commit_hash"))


def _read_told(item: Mapping[str, Any]) -> Told:
    return Told(
        run_id=int(item["run_id"]),
        started_at=instants.from_text(item["started_at"]),
        kind=Kind(item["kind"]),
        nodes=item.get("nodes"),
    )


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _instant(text: str | None) -> datetime | None:
    return instants.from_text(text) if text else None


def _read_expected(item: Mapping[str, Any]) -> Expected:
    return Expected(
        next_run_at=_instant(item.get("next_run_at")),
        missed_at=_instant(item.get("missed_at")),
        slow=_number(item.get("slow")),
        stuck=_number(item.get("stuck")),
    )


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
