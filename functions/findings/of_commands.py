"""Findings about commands that left no results which say why they failed: from their logs."""

import re
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from functions.findings.finding import MAX_REASON_CHARACTERS, Finding, cut, told
from functions.findings.logs.reading import Reading
from functions.findings.logs.telling import joined, telling_line
from functions.run.event import Command, RunEvent
from functions.run.plan import to_explain
from functions.run.text import OF_A_SHELL, code_in_words, listed, one_line

MAX_MESSAGE_CHARACTERS = 10_000
MAX_RUNNING = 3

# A heading that names a node, as dbt and dbt Fusion write it.
_OF_A_NODE = re.compile(
    r"^\s*(?:\[\w+ \(dbt\d{4}\)\]: |\[error\] )*(?:Failure|[A-Z]\w+ Error)"
    r" in (\w[\w ]{0,40} \S+ \(.*\))$",
    re.MULTILINE,
)


def name_of(event: RunEvent, command: Command) -> str:
    """What stands in the place of a node's unique id."""
    return f"command {event.positions[command.id]}"


def from_logs(event: RunEvent, command: Command, reading: Reading) -> Finding:
    """A command that failed and left no results that say why."""
    ended = code_in_words(command.return_code)
    told_by_log = _reason(reading)
    if ended and not (told_by_log and command.return_code in OF_A_SHELL):
        return _of_command(event, command, _with_reason(_while_running(ended, reading), reading))
    if told_by_log:
        return _of_command(event, command, told_by_log)
    last = list(reading.last)
    if reading.steps.running:
        first = _said_of_the_run(event) or "ended without saying why"
        return _of_command(event, command, [_while_running(first, reading), *last])
    if said := _said_of_the_run(event):
        last.insert(0, f"{said}:" if last else said)
    # Which of the last lines matters is not known.
    reason = joined(last, MAX_REASON_CHARACTERS)
    return replace(_of_command(event, command, last), reason=reason or None)


def without_failed_command(
    event: RunEvent, reading_of: Callable[[Command], Reading]
) -> Iterator[Finding]:
    """A run that failed though no command did: Paradime says why, or a command never ended."""
    said = _said_of_the_run(event)
    unended = [command for command in to_explain(event) if command.return_code is None]
    for command in unended:
        reading = reading_of(command)
        ended = _while_running("the command never finished", reading)
        first = f"{said}; {ended}" if said else ended
        yield _of_command(event, command, _with_reason(first, reading))
    if said and not unended:
        yield Finding(
            unique_id="run",
            status="failed",
            message=cut(said, MAX_MESSAGE_CHARACTERS),
            reason=telling_line(said, MAX_REASON_CHARACTERS),
            command_id=None,
        )


def _said_of_the_run(event: RunEvent) -> str:
    return one_line(event.error_string, MAX_MESSAGE_CHARACTERS).rstrip(".")


def _of_command(event: RunEvent, command: Command, lines: list[str]) -> Finding:
    message = "\n".join(lines)
    # Beside a command its node is not to be read elsewhere.
    if node := _OF_A_NODE.match(message):
        reason = f"{node[1]}: {telling_line(message[node.end() :], MAX_REASON_CHARACTERS)}"
    else:
        reason = telling_line(_OF_A_NODE.sub(r"\1:", message, count=1), MAX_REASON_CHARACTERS)
    return Finding(
        unique_id=name_of(event, command),
        status="failed",
        message=told(message, MAX_MESSAGE_CHARACTERS),
        reason=reason or None,
        command_id=command.id,
    )


def _reason(reading: Reading) -> list[str]:
    """What the log has of a reason."""
    if reading.reason is None:
        return []
    first, *more = reading.reason.lines
    if reading.reason.rule.of_ending:
        return [_while_running(first, reading), *more]
    return [first, *more]


def _while_running(ended: str, reading: Reading) -> str:
    """How a command ended, with the nodes that had not."""
    names = list(reading.steps.running[:MAX_RUNNING])
    if not names:
        return ended
    if more := len(reading.steps.running) - len(names):
        names.append(f"{more:,} more")
    verb = "was" if len(reading.steps.running) == 1 else "were"
    return f"{ended}, while {listed(names)} {verb} running"


def _with_reason(first: str, reading: Reading) -> list[str]:
    """What ended a command from outside, and below it what its log has of a reason."""
    if reading.reason is None or reading.reason.rule.weak:
        return [first]
    return [f"{first}:", *_reason(reading)]
