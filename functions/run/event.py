"""The vendor's webhook payloads, `bolt.run.started` and `bolt.run.completed`.

Source: Paradime's page "Webhooks", whose two examples are `events/run_*.json`. The body has no
field that names its event, so the shape tells: a completed body has `commands` and `end_dttm`,
a started one has neither. What identifies a run is the workspace's uid with `id`; `uuid` is the
schedule's (both of the page's examples carry the same one).

What the archive cannot do without is required, and a delivery that lacks it is not understood.
What else is read only describes: there, a value of an unexpected kind is read as absent, since
none may cost a run its record. The rest is not read (the queries, the schedule's settings), and a
change of it goes unnoticed. The stored body keeps it all.
"""

from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from functions.run.fields import ODD_IS_ABSENT, Id, Instant, Integer, Text, WorkspaceUid
from functions.shared.errors import NotUnderstoodError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Resource(_Part):
    """A file that a command left behind; `path` is unique only within its command."""

    id: Id
    path: str


class Command(_Part):
    """One command of a run, in the order in which the payload lists them."""

    id: Id
    command: str
    status: Text = None
    return_code: Integer | None = None
    start_dttm: Instant | None = None
    end_dttm: Instant | None = None
    json_resources: tuple[Resource, ...] = ()


class Environment(_Part):
    """Who or what started the run, and from which commit."""

    actor: Text = None
    branch: Text = None
    commit_hash: Text = None
    email: Text = None


class Workspace(_Part):
    uid: WorkspaceUid
    name: Text = None


class RunEvent(_Part):
    """What a delivery says of a run."""

    id: Id
    workspace: Workspace
    schedule_name: str
    status: str
    start_dttm: Instant
    api_url: str
    run_url: Text = None
    error_string: Text = None
    environment: Annotated[Environment | None, ODD_IS_ABSENT] = None
    end_dttm: Instant | None = None
    commands: tuple[Command, ...] | None = None

    @property
    def completed(self) -> bool:
        """True for `bolt.run.completed`: the run has an end, or commands that it ran."""
        return self.end_dttm is not None or bool(self.commands)

    @cached_property
    def positions(self) -> dict[int, int]:
        """Each command's place in the run, from 1, by its id; the first of one that is repeated."""
        places: dict[int, int] = {}
        for place, command in enumerate(self.commands or (), start=1):
            places.setdefault(command.id, place)
        return places

    @property
    def run_key(self) -> str:
        return f"{self.workspace.uid}#{self.id}"


def parse(body: bytes) -> RunEvent:
    """Reads a delivery's body.

    Raises:
        NotUnderstoodError: not JSON, not an object, or without what a run needs; the message
            names each field and what is wrong with it, and quotes no value.
    """
    try:
        return RunEvent.model_validate_json(body)
    except ValidationError as e:
        faults = e.errors(include_url=False, include_context=False, include_input=False)
        raise NotUnderstoodError("; ".join(_describe(fault) for fault in faults[:5])) from e


def _describe(fault: Any) -> str:
    where = ".".join(str(step) for step in fault["loc"])
    return f"{where}: {fault['msg']}" if where else str(fault["msg"])
