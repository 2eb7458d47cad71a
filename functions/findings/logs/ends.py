"""The ends of console logs, and what they say of how a command ended."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable

from msgspec import Struct, field

from functions.findings.logs.reading import Reading, read
from functions.run.event import RunEvent
from functions.run.inventory import ArchivedFile
from functions.run.keys import STDERR
from functions.run.masking import without_secrets
from functions.run.plan import to_explain

# What is searched for a reason, and what of it is kept to be shown.
MAX_READ_BYTES = 1024 * 1024
MAX_READ_BYTES_OF_A_RUN = 16 * 1024 * 1024
MAX_END_BYTES = 64 * 1024
MAX_END_LINES = 200

# Reads the last so many bytes of an object, or all of a shorter one.
ReadEnd = Callable[[str, int], bytearray]


class LogEnd(Struct, frozen=True):
    """The last lines of a log, with credentials masked; `whole` when there are no others."""

    file: ArchivedFile
    text: str
    whole: bool


class CommandLogs(Struct, frozen=True):
    """What a command printed: `ends` leave out what is empty, and come with stderr first."""

    ends: list[LogEnd] = field(default_factory=list)
    reading: Reading = field(default_factory=Reading)


Logs = dict[int, CommandLogs]


def read_logs(event: RunEvent, files: Iterable[ArchivedFile], read_end: ReadEnd) -> Logs:
    """What the commands that are to be explained printed, by their ids.

    Raises:
        RunArchiveError: whatever reading raises.
    """
    logs_of: dict[int, list[ArchivedFile]] = {command.id: [] for command in to_explain(event)}
    # stderr first: what is there, a program has set apart.
    for file in sorted(files, key=lambda file: file.planned.path != STDERR):
        planned = file.planned
        if planned.resource_id is None and planned.command_id in logs_of and file.stored.bytes:
            logs_of[planned.command_id].append(file)
    logs: Logs = {}
    room = MAX_READ_BYTES_OF_A_RUN
    for command_id, of_command in logs_of.items():
        most = max(min(MAX_READ_BYTES, room), MAX_END_BYTES)
        bodies = [read_end(file.planned.key, most) for file in of_command]
        room -= sum(map(len, bodies))
        texts = [
            _text(body, whole=len(body) == file.stored.bytes)
            for file, body in zip(of_command, bodies, strict=True)
        ]
        logs[command_id] = CommandLogs(
            [
                _end(file, text, whole=len(body) == file.stored.bytes)
                for file, text, body in zip(of_command, texts, bodies, strict=True)
            ],
            read(texts),
        )
    return logs


def _text(body: bytearray, *, whole: bool) -> str:
    utf16 = body.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    decoded = body.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
    text = without_secrets(decoded.rstrip())
    # Without what is left of the line that was cut.
    return text if whole else text.partition("\n")[2] or text


def _end(file: ArchivedFile, text: str, *, whole: bool) -> LogEnd:
    end = text[-MAX_END_BYTES:]
    if len(end) < len(text):
        end = end.partition("\n")[2] or end
    lines = end.split("\n")
    whole = whole and len(end) == len(text) and len(lines) <= MAX_END_LINES
    return LogEnd(file, "\n".join(lines[-MAX_END_LINES:]), whole)
