"""The message on the run queue: it points at a run's record and holds nothing else of use.

`schedule_name` and `status` are there only for people who look into a queue.
"""

import json
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from functions.run.event import RunEvent
from functions.run.fields import Id, WorkspaceUid
from functions.shared.errors import NotUnderstoodError

_Shown = Annotated[str, AfterValidator(lambda text: text[:256])]


class Pointer(BaseModel):
    """`{"schema": 1, "event", "workspace_uid", "run_id", "schedule_name", "status"}` as JSON."""

    model_config = ConfigDict(frozen=True)

    version: Annotated[Literal[1], Field(alias="schema")] = 1
    event: Literal["bolt.run.completed"] = "bolt.run.completed"
    workspace_uid: WorkspaceUid
    run_id: Id
    schedule_name: _Shown = ""
    status: _Shown = ""

    @property
    def run_key(self) -> str:
        return f"{self.workspace_uid}#{self.run_id}"

    def to_json(self) -> str:
        """ASCII only, since SQS refuses some characters that JSON allows."""
        return json.dumps(self.model_dump(by_alias=True))


def pointer_to(event: RunEvent) -> Pointer:
    return Pointer(
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
        return Pointer.model_validate_json(body)
    except ValidationError as e:
        fields = ", ".join(str(fault["loc"][0]) if fault["loc"] else "it" for fault in e.errors())
        raise NotUnderstoodError(f"the message is no pointer to a run; wrong in: {fields}") from e
