"""The part of the page about commands: how each ended, and when it ran."""

from typing import Any

from markupsafe import Markup

from functions.report.page import fit, piece
from functions.report.timeline import Scale, scale
from functions.run.display import counted, left_out, precise_seconds
from functions.run.event import Command, RunEvent
from functions.run.plan import unique_commands
from functions.run.text import ended, one_line

# Bytes of the page.
ROOM_FOR_COMMANDS = 120_000
ROOM_FOR_STRIP = 40_000
# Up to this many commands are listed one per line; more are first shown together on one line.
MAX_OPEN_COMMANDS = 30
MAX_COMMAND_CHARACTERS = 200


def timeline(event: RunEvent) -> dict[str, Any]:
    """All commands in order, each with its bar on the run's time scale."""
    commands, of = unique_commands(event), scale(event)
    html, shown = fit((piece("command", _row(event, c, of)) for c in commands), ROOM_FOR_COMMANDS)
    return {
        "id": "commands",
        "title": "Commands",
        "count": len(commands),
        "html": html,
        "more": left_out(len(commands) - shown, "command"),
        "strip": _strip(event, of) if len(commands) > MAX_OPEN_COMMANDS else "",
        "summary": counted(len(commands), "command"),
        "start": f"{of.start:%H:%M:%S}",
        "end": f"{of.end:%H:%M:%S}",
    }


def command_text(command: Command) -> str:
    return one_line(command.command, MAX_COMMAND_CHARACTERS)


def _strip(event: RunEvent, of: Scale) -> Markup:
    """All commands on one line, with the failed ones drawn last, on top."""
    bars = [
        {"bar": bar, "failed": command.failed}
        for command in sorted(unique_commands(event), key=lambda command: command.failed)
        if (bar := of.bar(command))
    ]
    return fit((piece("strip_bar", bar) for bar in bars), ROOM_FOR_STRIP)[0]


def _row(event: RunEvent, command: Command, of: Scale) -> dict[str, Any]:
    start, end = command.start_dttm, command.end_dttm
    return {
        "position": event.positions[command.id],
        "text": command_text(command),
        "failed": command.failed,
        "outcome": ended(command.return_code, command.status),
        "bar": of.bar(command),
        "took": precise_seconds((end - start).total_seconds()) if start and end else "",
    }
