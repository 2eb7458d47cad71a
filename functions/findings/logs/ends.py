"""The ends of console logs, which say how a command ended."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from functions.findings.logs import console
from functions.run.event import RunEvent
from functions.run.inventory import ArchivedFile
from functions.run.keys import STDERR
from functions.run.masking import without_secrets
from functions.run.outcome import command_failed

MAX_END_BYTES = 64 * 1024
MAX_END_LINES = 200

# Reads the last so many bytes of an object, or all of a shorter one.
ReadEnd = Callable[[str, int], bytes]


@dataclass(frozen=True, slots=True)
class LogEnd:
    """The last lines of a log, with credentials masked; `whole` when there are no others."""

    file: ArchivedFile
    text: str
    whole: bool


Logs = dict[int, list[LogEnd]]


def failed_commands_logs(event: RunEvent, files: Iterable[ArchivedFile], read_end: ReadEnd) -> Logs:
    """The ends of the logs of each failed command, by its id, what is empty left out.

    Raises:
        RunArchiveError: whatever reading raises.
    """
    failed = {command.id for command in event.commands or () if command_failed(command)}
    ends: Logs = {command_id: [] for command_id in failed}
    # stderr first: what is there, a program has set apart.
    for file in sorted(files, key=lambda file: file.planned.path != STDERR):
        planned = file.planned
        if planned.resource_id is None and planned.command_id in failed and file.stored.bytes:
            ends[planned.command_id].append(_end(file, read_end(planned.key, MAX_END_BYTES)))
    return ends


def telling_lines(ends: Sequence[LogEnd]) -> list[str]:
    """What a command's logs say about why it failed: the last lines if nothing looks like it."""
    shown = [console.plain_lines(end.text) for end in ends]
    for lines in shown:
        if told := console.telling(lines):
            return told
    return next((lines[-console.MAX_TELLING_LINES :] for lines in shown if any(lines)), [])


def _end(file: ArchivedFile, body: bytes) -> LogEnd:
    text = without_secrets(body.decode(errors="replace").rstrip())
    whole = len(body) == file.stored.bytes
    if not whole:
        text = text.partition("\n")[2] or text  # without what is left of the line that was cut
    lines = text.split("\n")
    return LogEnd(file, "\n".join(lines[-MAX_END_LINES:]), whole and len(lines) <= MAX_END_LINES)
