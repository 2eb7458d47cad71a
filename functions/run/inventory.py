"""`archive.json`: every file of an archive, and what is missing and why.

It does not say when it was made: archiving the same event twice gives the same bytes.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from functions.run.event import RunEvent
from functions.run.instants import to_text
from functions.run.outcome import run_state
from functions.run.plan import PlannedFile


@dataclass(frozen=True, slots=True)
class StoredObject:
    """`sha256` is in hex."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    planned: PlannedFile
    stored: StoredObject


@dataclass(frozen=True, slots=True)
class MissingFile:
    planned: PlannedFile
    reason: str


def inventory(
    event: RunEvent,
    event_file: StoredObject,
    files: Sequence[ArchivedFile],
    missing: Sequence[MissingFile],
) -> bytes:
    """`{"schema": 1, "run": {…}, "event": {…}, "files": […], "missing": […]}`, sorted by key.

    Keys are the full object keys; `path` is the original path.
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
            "ended_at": to_text(event.end_dttm) if event.end_dttm else None,
            "run_url": event.run_url,
        },
        "event": asdict(event_file),
        "files": [
            asdict(file.planned) | asdict(file.stored)
            for file in sorted(files, key=lambda file: file.planned.key)
        ],
        "missing": [
            asdict(file.planned) | {"reason": file.reason}
            for file in sorted(missing, key=lambda file: file.planned.key)
        ],
    }
    return json.dumps(content, indent=2).encode() + b"\n"
