"""`failures.json`: what failed in a run, within bounds.

What does not fit is left out from the end of its list, and counted under `left_out`.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from functions.findings.finding import SkippedNodes, WhatFailed
from functions.run.event import RunEvent
from functions.run.outcome import run_state
from functions.run.text import take_fitting
from functions.shared.read_json import Reader, Text

# Together 16 MiB.
ROOM_FOR_GROUPS = 128 * 1024
ROOM_FOR_EXPOSURES = 512 * 1024
ROOM_FOR_FAILURES = 19 * 512 * 1024
ROOM_FOR_WARNINGS = 3 * 512 * 1024
ROOM_FOR_SKIPPED = 3 * 1024 * 1024
ROOM_FOR_FILES = 512 * 1024
MAX_OWNERS = 1_000


def document(event: RunEvent, failed: WhatFailed) -> bytes:
    """All of it, and the same bytes each time that the run is archived; an entry a line."""
    skipped = list(_fitting(failed.skipped))
    lists = {
        "groups": _lines(map(to_builtins, failed.groups), ROOM_FOR_GROUPS),
        "exposures": _lines(map(to_builtins, failed.exposures), ROOM_FOR_EXPOSURES),
        "failures": _lines(map(to_builtins, failed.failures), ROOM_FOR_FAILURES),
        "warnings": _lines(map(to_builtins, failed.warnings), ROOM_FOR_WARNINGS),
        "skipped": [_text(to_builtins(group)) for group in skipped],
        "unread": _lines(map(to_builtins, failed.unread), ROOM_FOR_FILES),
        "partly_read": _lines(map(to_builtins, failed.partly_read), ROOM_FOR_FILES),
    }
    named = sum(len(group.unique_ids) for group in skipped)
    head = {
        "schema": 1,
        "run": {
            "workspace_uid": event.workspace.uid,
            "run_id": event.id,
            "schedule_name": event.schedule_name,
            "state": run_state(event),
        },
        "failure_count": failed.failure_count,
        "warning_count": failed.warning_count,
        "skipped_count": failed.skipped_count,
        "healed_count": len(failed.healed),
        "exposure_count": failed.exposure_count,
        "owners": list(failed.owners[:MAX_OWNERS]),
        "skipped_models": [
            {"folder": folder, "models": number} for folder, number in failed.layers
        ],
        "left_out": {
            "exposures": failed.exposure_count - len(lists["exposures"]),
            "groups": len(failed.groups) - len(lists["groups"]),
            "failures": failed.failure_count + len(failed.healed) - len(lists["failures"]),
            "warnings": failed.warning_count - len(lists["warnings"]),
            "skipped": failed.skipped_count - named,
            "unread": len(failed.unread) - len(lists["unread"]),
            "partly_read": len(failed.partly_read) - len(lists["partly_read"]),
        },
    }
    members = [b"%s: %s" % (_text(name), _text(value)) for name, value in head.items()]
    for name in tuple(lists):  # one at a time, so that no list is there twice for long
        members.append(b"%s: %s" % (_text(name), _list(lists.pop(name))))
    return b"{\n" + b",\n".join(members) + b"\n}\n"


def _fitting(skipped: Iterable[SkippedNodes]) -> Iterator[SkippedNodes]:
    """The groups with as many of their nodes as fit."""
    room = ROOM_FOR_SKIPPED
    for group in skipped:
        room -= len(_text(to_builtins(replace(group, unique_ids=()))))
        names = tuple(take_fitting(group.unique_ids, room, lambda name: len(_text(name)) + 2))
        room -= sum(len(_text(name)) + 2 for name in names)
        if room < 0:
            return
        yield replace(group, unique_ids=names)


def _lines(entries: Iterable[dict[str, Any]], room: int) -> list[bytes]:
    return list(take_fitting(map(_text, entries), room, len))


def _list(lines: list[bytes]) -> bytes:
    return b"[\n%s\n]" % b",\n".join(lines) if lines else b"[]"


def _text(value: object) -> bytes:
    return json.dumps(value).encode()


class _Failure(Struct, frozen=True):
    unique_id: str
    healed_by: int | None = None


class _LeftOut(Struct, frozen=True):
    failures: int = 0


class _Failing(Struct, frozen=True):
    failures: tuple[_Failure, ...]
    left_out: _LeftOut = _LeftOut()


_FAILING = Reader(_Failing)
MAX_BYTES = 16 * 1024 * 1024


def read_failing(content: Text) -> frozenset[str] | None:
    """The ids of the nodes that fail according to a `failures.json`; None if it lacks some.

    Raises:
        NotUnderstoodError: it is none.
    """
    read = _FAILING.read(content)
    if read.left_out.failures:
        return None
    return frozenset(one.unique_id for one in read.failures if one.healed_by is None)
