"""`archive.json`: every file of an archive, what is missing or still to come, and why.

It does not say when it was made: archiving the same event twice gives the same bytes.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from functions.run.event import RunEvent
from functions.run.instants import to_text, to_text_if_known
from functions.run.outcome import run_state
from functions.run.plan import PlannedFile
from functions.shared.errors import RunArchiveError
from functions.shared.read_json import Reader


class StoredObject(Struct, frozen=True):
    """`sha256` is in hex."""

    bytes: int
    sha256: str


class ArchivedFile(Struct, frozen=True):
    planned: PlannedFile
    stored: StoredObject


class MissingFile(Struct, frozen=True):
    planned: PlannedFile
    reason: str


class PendingFile(Struct, frozen=True):
    """A file that could not be fetched this time, but may be later."""

    planned: PlannedFile
    error: RunArchiveError


FileOutcome = ArchivedFile | MissingFile | PendingFile


class Contents(Struct, frozen=True, kw_only=True):
    """What an archive contains. `complete` is False while files are still to be fetched, of which
    some may not even be listed yet; `error` is why the archive was given up. `unlisted` are the ids
    of the commands for which Paradime has not yet said which files they have.
    """

    files: Sequence[ArchivedFile] = ()
    missing: Sequence[MissingFile] = ()
    pending: Sequence[PendingFile] = ()
    unlisted: Sequence[int] = ()
    complete: bool = True
    error: str | None = None


def contents(
    outcomes: Iterable[FileOutcome],
    *,
    unlisted: Iterable[int],
    complete: bool,
    error: str | None = None,
) -> Contents:
    """The outcomes by kind, sorted by key."""
    in_order = sorted(outcomes, key=lambda outcome: outcome.planned.key)
    return Contents(
        files=[outcome for outcome in in_order if isinstance(outcome, ArchivedFile)],
        missing=[outcome for outcome in in_order if isinstance(outcome, MissingFile)],
        pending=[outcome for outcome in in_order if isinstance(outcome, PendingFile)],
        unlisted=sorted(unlisted),
        complete=complete,
        error=error,
    )


def inventory(event: RunEvent, event_file: StoredObject, held: Contents) -> bytes:
    """`{"schema": 1, "run": {…}, "event": {…}, "files": […], "missing": […]}`, sorted by key.

    Before all files are fetched, `"pending"` lists those that are known but could not be fetched so
    far, and `"unlisted"` the commands that may have more. Keys are the full object keys; `path` is
    the original path.
    """
    content: dict[str, Any] = {
        "schema": 1,
        "run": {
            "workspace_uid": event.workspace.uid,
            "workspace_name": event.workspace.name,
            "run_id": event.id,
            "schedule_name": event.schedule_name,
            "state": run_state(event),
            "started_at": to_text(event.start_dttm),
            "ended_at": to_text_if_known(event.end_dttm),
            "run_url": event.run_url,
        },
        "event": asdict(event_file),
        "files": [asdict(file.planned) | asdict(file.stored) for file in held.files],
        "missing": [asdict(file.planned) | {"reason": file.reason} for file in held.missing],
    }
    if not held.complete:
        content["pending"] = [
            asdict(file.planned) | {"reason": str(file.error)} for file in held.pending
        ]
    if held.unlisted:
        content["unlisted"] = list(held.unlisted)
    return json.dumps(content, indent=2).encode() + b"\n"


class EarlierInventory(Struct, frozen=True, kw_only=True):
    """What an earlier fetch of the same event listed: files, stored or not; the keys of those that
    it could not fetch; and the commands whose files it knew.
    """

    files: Sequence[PlannedFile] = ()
    pending: Collection[str] = ()
    listed: Collection[int] = ()

    def resources(self, command_id: int) -> list[PlannedFile]:
        return [
            file
            for file in self.files
            if file.command_id == command_id and file.resource_id is not None
        ]


class _Event(Struct):
    sha256: str


class _File(Struct):
    key: str
    path: str
    command_id: int
    resource_id: int | None

    def planned(self) -> PlannedFile:
        return PlannedFile(
            key=self.key, path=self.path, command_id=self.command_id, resource_id=self.resource_id
        )


class _Inventory(Struct):
    event: _Event
    files: list[_File]
    missing: list[_File]
    pending: list[_File] = []
    unlisted: list[int] = []


_INVENTORY = Reader(_Inventory)


def read_inventory(
    body: bytes | bytearray, event_sha256: str, command_ids: Collection[int]
) -> EarlierInventory:
    """An inventory that was stored earlier; an empty one if it is of another event.

    `command_ids` are those of the event.

    Raises:
        NotUnderstoodError: `inventory` did not write it.
    """
    stored = _INVENTORY.read(body)
    if stored.event.sha256 != event_sha256:
        return EarlierInventory()
    return EarlierInventory(
        files=[file.planned() for file in (*stored.files, *stored.missing, *stored.pending)],
        pending={file.key for file in stored.pending},
        listed=set(command_ids) - set(stored.unlisted),
    )
