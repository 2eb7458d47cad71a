"""The parts of the page about files: the ends of logs, archived files, and missing ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import escape

from functions.findings.finding import PartlyRead, WhatFailed
from functions.findings.logs import console
from functions.findings.logs.ends import LogEnd, Logs
from functions.report.links import below, href
from functions.report.page import fit, piece
from functions.run.display import counted, left_out, size
from functions.run.event import RunEvent
from functions.run.inventory import ArchivedFile, Contents
from functions.run.plan import unique_commands
from functions.run.text import one_line, take_fitting

# Bytes of the page.
ROOM_FOR_LOGS = 200_000
ROOM_FOR_ONE_LOG = 80_000
MAX_OPEN_LINES = 40
ROOM_FOR_ABSENT = 40_000
ROOM_FOR_FILES = 140_000
ROOM_FOR_KEYS = 110_000
MAX_REASON_CHARACTERS = 300

_SPAN_BYTES = 40  # the tags of a coloured span


def logs(event: RunEvent, prefix: str, logs_of: Logs) -> dict[str, Any]:
    """The ends of the logs of all failed commands."""
    in_order = [
        (command, end)
        for command in unique_commands(event)
        if command.id in logs_of
        for end in logs_of[command.id].ends
    ]
    titles = [
        f"{event.positions[command.id]} {one_line(command.command)}" for command, _ in in_order
    ]
    html, shown = fit(
        (
            piece("log", _log(title, prefix, end))
            for title, (_, end) in zip(titles, in_order, strict=True)
        ),
        ROOM_FOR_LOGS,
    )
    return {
        "id": "logs",
        "title": "Logs",
        "count": len(in_order),
        "html": html,
        "more": left_out(len(in_order) - shown, "log"),
    }


def _partly(file: PartlyRead) -> str:
    were = "was" if file.unread_rows == 1 else "were"
    return f"archived, but {counted(file.unread_rows, 'result')} in it {were} not read"


def absent(prefix: str, held: Contents, failed: WhatFailed) -> dict[str, Any]:
    """Files that are missing or still to come, files that could not be read, and why."""
    entries = [(file.planned.key, file.reason) for file in held.missing]
    entries += [(file.planned.key, f"still to come: {file.error}") for file in held.pending]
    entries += [(file.key, f"archived, but not read: {file.reason}") for file in failed.unread]
    entries += [(file.key, f"{_partly(file)}: {file.reason}") for file in failed.partly_read]
    html, shown = fit(
        (
            piece("absent", {"path": below(prefix, key), "reason": _reason(reason)})
            for key, reason in sorted(entries)
        ),
        ROOM_FOR_ABSENT,
    )
    title = " and ".join(
        part
        for number, part in (
            (len(held.missing), f"{counted(len(held.missing), 'file')} missing"),
            (len(held.pending), f"{counted(len(held.pending), 'file')} still to come"),
            (len(failed.unread), f"{counted(len(failed.unread), 'file')} unread"),
            (len(failed.partly_read), f"{counted(len(failed.partly_read), 'file')} read in part"),
        )
        if number
    )
    return {
        "id": "missing",
        "title": "Missing or unread",
        "count": len(entries),
        "summary": title,
        "html": html,
        "more": left_out(len(entries) - shown, "file"),
    }


def files(
    event: RunEvent, prefix: str, archived: Sequence[ArchivedFile], own: Mapping[str, int]
) -> dict[str, Any]:
    """All files, grouped by command with our own first, and a plain list of their keys."""
    groups, room, lacking = [], ROOM_FOR_FILES, 0
    of_command: dict[int, list[ArchivedFile]] = {}
    for file in sorted(archived, key=lambda file: file.planned.key):
        of_command.setdefault(file.planned.command_id, []).append(file)
    listed = [("The run", [(prefix + name, number) for name, number in own.items()])]
    listed += [
        (
            f"{event.positions[command.id]} {one_line(command.command)}",
            [(f.planned.key, f.stored.bytes) for f in of_command.get(command.id, ())],
        )
        for command in unique_commands(event)
    ]
    for title, entries in listed:
        html, shown = fit((piece("file", _file(prefix, *entry)) for entry in entries), room)
        room -= len(html.encode())
        lacking += len(entries) - shown
        if shown:
            groups.append({"title": title, "html": html})
    keys = [key for _, entries in listed for key, _ in entries]
    lines, keys_shown = fit((escape(f"{key}\n") for key in keys), ROOM_FOR_KEYS)
    total = sum(file.stored.bytes for file in archived)
    return {
        "id": "files",
        "title": "Files",
        "count": len(archived),
        "summary": f"{counted(len(archived), 'file')}, {size(total)}",
        "groups": groups,
        "more": left_out(lacking, "file"),
        "key_lines": lines,
        "more_keys": left_out(len(keys) - keys_shown, "key"),
    }


def _log(title: str, prefix: str, end: LogEnd) -> dict[str, Any]:
    of_end = console.lines(end.text)
    lines = list(take_fitting(reversed(of_end), ROOM_FOR_ONE_LOG, _page_bytes))[::-1]
    before, last = lines[:-MAX_OPEN_LINES], lines[-MAX_OPEN_LINES:]
    whole = end.whole and len(lines) == len(of_end)
    return {
        "title": title,
        "path": end.file.planned.path,
        "href": href(prefix, end.file.planned.key),
        "extent": "All of" if whole else f"The last {counted(len(lines), 'line')} of",
        "title_before": f"{counted(len(before), 'line')} before",
        "before": before,
        "last": last,
    }


def _page_bytes(line: console.Line) -> int:
    return 1 + sum(len(escape(span.text).encode()) + _SPAN_BYTES for span in line)


def _file(prefix: str, key: str, number: int) -> dict[str, str]:
    return {
        "path": below(prefix, key).partition("/")[2] or below(prefix, key),
        "href": href(prefix, key),
        "size": size(number),
    }


def _reason(reason: str) -> str:
    return one_line(reason, MAX_REASON_CHARACTERS)
