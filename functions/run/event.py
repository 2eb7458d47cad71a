"""The vendor's webhook payloads, `bolt.run.started` and `bolt.run.completed`.

Source: Paradime's page "Webhooks", whose two examples are `events/run_*.json`. The body has no
field that names its event, so the shape tells: a completed body has `commands` and `end_dttm`,
a started one has neither. What identifies a run is the workspace's uid with `id`; `uuid` is the
schedule's (both of the page's examples carry the same one).

What the archive cannot do without is required, and a delivery that lacks it is not understood.
What else is read only describes: there, a value of an unexpected kind is read as absent, since
none may cost a run its record. The rest is not read (the queries, most of the schedule's settings),
and a change of it goes unnoticed. The stored body keeps it all.

No webhook is known to have `parent_schedule_run_id` and `environment.pull_request_id`: they are in
what a sweep rebuilds from the API.
"""

from functools import cached_property
from typing import TypeVar

from msgspec import Raw, Struct, field

from functions.run.fields import Id, Instant, Integer, WorkspaceUid
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import Lenient, OrEmpty, Reader

_Kind = TypeVar("_Kind")

FAILED = frozenset({"failed", "failure", "error", "errored"})
UNDER_WAY = frozenset({"starting", "started", "running"})

_NOTHING = Raw(b"null")


def has_failed(return_code: int | None, status: str | None) -> bool:
    """Whether a command failed: its status says so, or it returned anything but zero."""
    return bool(return_code) or (status or "").lower() in FAILED


class Resource(Struct, frozen=True):
    """A file that a command left behind; `path` is unique only within its command."""

    id: Id
    path: str


class Command(Struct, frozen=True, kw_only=True):
    """One command of a run, in the order in which the payload lists them."""

    id: Id
    text: Lenient[str] = field(default=None, name="command")
    status: Lenient[str] = None
    return_code: OrEmpty[Integer] = None
    start_dttm: OrEmpty[Instant] = None
    end_dttm: OrEmpty[Instant] = None
    resources: Lenient[tuple[Lenient[Resource], ...]] = field(default=None, name="json_resources")

    @property
    def failed(self) -> bool:
        return has_failed(self.return_code, self.status)

    @property
    def command(self) -> str:
        return self.text or ""

    @property
    def json_resources(self) -> list[Resource]:
        """Those that can be fetched: one without an id or a path costs no more than itself."""
        return [resource for resource in self.resources or () if resource is not None]


class Environment(Struct, frozen=True, kw_only=True):
    """Who or what started the run, and from which commit."""

    actor: Lenient[str] = None
    branch: Lenient[str] = None
    commit_hash: Lenient[str] = None
    email: Lenient[str] = None
    pull_request_id: Lenient[str] = None


class Deferral(Struct, frozen=True, kw_only=True):
    """From which other runs dbt takes the nodes that a run does not build.

    The vendor's examples have null here. The members are those of a schedule file, as the vendor's
    SDK reads it: it is one schedule, under any of three names, or an environment.
    """

    enabled: bool = False
    deferred_schedule_name: str | None = None
    deferred_schedule_slug: str | None = None
    deferred_manifest_schedule: str | None = None
    defer_environment_slug: str | None = None

    @property
    def schedule(self) -> str | None:
        return (
            self.deferred_schedule_name
            or self.deferred_schedule_slug
            or self.deferred_manifest_schedule
        )

    @property
    def environment(self) -> str | None:
        return self.defer_environment_slug


class Schedule(Struct, frozen=True, kw_only=True):
    """The settings that the schedule had when it ran, as far as they say something of the run.

    `owner_email` is a text, in which several addresses may stand.
    """

    owner_email: str | None = None
    environment: str | None = None
    turbo_ci: Deferral | None = None
    deferred_schedule: Deferral | None = None

    @property
    def is_turbo_ci(self) -> bool:
        """It builds what a pull request changes."""
        return self.turbo_ci is not None and self.turbo_ci.enabled

    @property
    def deferral(self) -> Deferral | None:
        """The one in force; Turbo CI has its own."""
        both = (self.deferred_schedule, self.turbo_ci)
        return next((one for one in both if one is not None and one.enabled), None)


class Workspace(Struct, frozen=True, kw_only=True):
    uid: WorkspaceUid
    name: Lenient[str] = None


class RunEvent(Struct, frozen=True, kw_only=True, dict=True):
    """What a delivery says of a run."""

    id: Id
    workspace: Workspace
    schedule_name: str
    status: str
    start_dttm: Instant
    api_url: str
    run_url: Lenient[str] = None
    error_string: Lenient[str] = None
    environment: Lenient[Environment] = None
    parent_schedule_run_id: Lenient[Id] = None
    settings: Raw = field(default=_NOTHING, name="schedule")
    end_dttm: OrEmpty[Instant] = None
    commands: tuple[Command, ...] | None = None

    @property
    def completed(self) -> bool:
        """True for `bolt.run.completed`: the run has an end, or commands that it ran.

        One that says that the run is under way is no better than a started one, unless it also
        says that something failed.
        """
        if self.end_dttm is None and not self.commands:
            return False
        return (
            self.status.lower() not in UNDER_WAY
            or bool(self.error_string)
            or any(command.failed for command in self.commands or ())
        )

    @cached_property
    def schedule(self) -> Schedule:
        return _schedule(self.settings)

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


class _Claim(Struct, frozen=True):
    workspace: Workspace


class _Settings(Struct, frozen=True):
    """Each is read on its own, and whatever is wrong in one costs neither the others nor memory."""

    owner_email: Raw = _NOTHING
    environment: Raw = _NOTHING
    turbo_ci: Raw = _NOTHING
    deferred_schedule: Raw = _NOTHING


_EVENT = Reader(RunEvent)
_CLAIM = Reader(_Claim)
_SETTINGS = Reader(_Settings)
_TEXT = Reader(str)
_DEFERRAL = Reader(Deferral)


def parse(body: bytes) -> RunEvent:
    """Reads a delivery's body.

    Raises:
        NotUnderstoodError: not JSON, not an object, or without what a run needs; the message
            names the field and what is wrong with it, and quotes no value.
    """
    return _EVENT.read(body)


def workspace_uid(body: bytes) -> str | None:
    """The workspace that a body is about, even if it is not understood otherwise."""
    try:
        return _CLAIM.read(body).workspace.uid
    except NotUnderstoodError:
        return None


def _schedule(settings: Raw) -> Schedule:
    found = _read(settings, _SETTINGS) or _Settings()
    return Schedule(
        owner_email=_read(found.owner_email, _TEXT),
        environment=_read(found.environment, _TEXT),
        turbo_ci=_read(found.turbo_ci, _DEFERRAL),
        deferred_schedule=_read(found.deferred_schedule, _DEFERRAL),
    )


def _read(value: Raw, kind: Reader[_Kind]) -> _Kind | None:
    """None for a value of another kind, null among them."""
    try:
        return kind.read(value)
    except NotUnderstoodError:
        return None
