"""The message on the run queue: it points at a run's record and holds nothing else of use.

`schedule_name` and `status` are there only for people who look into a queue.
"""

import json

from msgspec import Struct

from functions.run.event import RunEvent
from functions.run.fields import Id, WorkspaceUid
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import Reader

MAX_SHOWN_CHARACTERS = 256
ARCHIVE = "archive"
RECOVERY = "recovery"
HISTORY = "history"


class Pointer(Struct, frozen=True, kw_only=True):
    """`{"schema": 1, "event", "workspace_uid", "run_id", "schedule_name", "status"}` as JSON.

    `"purpose": "recovery"` points at a run that is not archived: it may have to be announced as the
    first success after a failure. `"purpose": "history"` points at one of which only the rows for
    SQL are written.
    """

    schema: int = 1
    event: str = "bolt.run.completed"
    workspace_uid: WorkspaceUid
    run_id: Id
    schedule_name: str = ""
    status: str = ""
    purpose: str = ARCHIVE

    def __post_init__(self) -> None:
        if self.schema != 1 or self.event != "bolt.run.completed":
            raise ValueError("schema and event: expected 1 and bolt.run.completed")
        if self.purpose not in (ARCHIVE, RECOVERY, HISTORY):
            raise ValueError("purpose: expected archive, recovery or history")

    @property
    def run_key(self) -> str:
        return f"{self.workspace_uid}#{self.run_id}"

    def to_json(self) -> str:
        """ASCII only, since SQS refuses some characters that JSON allows."""
        purpose = {"purpose": self.purpose} if self.purpose != ARCHIVE else {}
        return json.dumps(
            {
                "schema": self.schema,
                "event": self.event,
                "workspace_uid": self.workspace_uid,
                "run_id": self.run_id,
                "schedule_name": self.schedule_name[:MAX_SHOWN_CHARACTERS],
                "status": self.status[:MAX_SHOWN_CHARACTERS],
            }
            | purpose
        )


_POINTER = Reader(Pointer)


def pointer_to(event: RunEvent, purpose: str = ARCHIVE) -> Pointer:
    return Pointer(
        purpose=purpose,
        workspace_uid=event.workspace.uid,
        run_id=event.id,
        schedule_name=event.schedule_name,
        status=event.status,
    )


def parse(body: str) -> Pointer:
    """Reads a message's body.

    Raises:
        NotUnderstoodError: the message is no pointer.
    """
    try:
        return _POINTER.read(body)
    except NotUnderstoodError as e:
        raise NotUnderstoodError(f"the message is not a pointer to a run: {e}") from None
