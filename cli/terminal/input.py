"""What a person types: instants as options, and secrets at a prompt."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.terminal.errors import CommandError
from functions.run.instants import as_utc

_SPAN = re.compile(r"([0-9]{1,5})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_since(text: str) -> datetime:
    """Raises:
    BadParameter: The text is neither a span such as 90m, 12h, 7d or 2w, nor an ISO date or time.
    """
    return _moment(text, -1)


def _moment(text: str, direction: int) -> datetime:
    """So long from now, or ago if `direction` is -1; or the instant that the text names."""
    try:
        if span := _SPAN.fullmatch(text):
            return datetime.now(UTC) + direction * timedelta(**{_UNITS[span[2]]: int(span[1])})
        return as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is neither a span such as 90m, 12h, 7d or 2w, nor a date such as 2023-10-15"
        ) from None


Since = Annotated[
    datetime | None,
    typer.Option(
        parser=parse_since,
        metavar="WHEN",
        help="Only runs since then: 90m, 12h, 7d or 2w ago, or a date (UTC).",
    ),
]


def parse_until(text: str) -> datetime:
    """Raises:
    BadParameter: The text is neither a span such as 90m, 12h, 7d or 2w, nor an ISO date or time,
        or it is over.
    """
    until = _moment(text, 1)
    if until <= datetime.now(UTC):
        raise typer.BadParameter(f"{text} is over")
    return until


def in_a_day() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


Until = Annotated[
    datetime | None,
    typer.Option(
        parser=parse_until,
        metavar="WHEN",
        help="Until then: for 90m, 12h, 2d or 1w from now, or up to a date (UTC). Default: 1d.",
    ),
]


def ask_secret(label: str) -> str:
    """Prompts without echo on a terminal; otherwise reads the next line of standard input.

    The answer, without surrounding white space, may be empty.

    Raises:
        CommandError: Standard input has ended.
    """
    if sys.stdin.isatty():
        typed: str = typer.prompt(label, hide_input=True, default="", show_default=False, err=True)
        return typed.strip()
    line = sys.stdin.readline()
    if not line:
        raise CommandError(f"standard input ended before this was entered: {label}")
    return line.strip()


@contextmanager
def leftovers_discarded() -> Iterator[None]:
    """What is pasted beyond the answers does not reach the shell, which would run and keep it."""
    try:
        yield
    finally:
        if sys.stdin.isatty():
            with suppress(ImportError):  # Windows has none, and its shells read the console anew
                import termios

                termios.tcflush(sys.stdin, termios.TCIFLUSH)
