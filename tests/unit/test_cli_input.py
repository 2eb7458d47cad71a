"""What a person types: `--since` takes a span or a date; secrets are not shown, or come by pipe."""

import io
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import typer

from cli.terminal.errors import CommandError
from cli.terminal.input import ask_secret, parse_since


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_span_reaches_back_from_now(text: str, span: timedelta) -> None:
    before = datetime.now(UTC)
    since = parse_since(text)
    assert before - span <= since <= datetime.now(UTC) - span


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2023-10-15", datetime(2023, 10, 15, tzinfo=UTC)),
        ("2023-10-15T16:44", datetime(2023, 10, 15, 16, 44, tzinfo=UTC)),
        ("2023-10-15T16:44+02:00", datetime(2023, 10, 15, 14, 44, tzinfo=UTC)),
    ],
)
def test_a_date_is_in_utc_unless_it_says_otherwise(text: str, instant: datetime) -> None:
    assert parse_since(text) == instant


@pytest.mark.parametrize("text", ["", "yesterday", "7", "7y", "-7d", "2023-13-01"])
def test_anything_else_is_wrong_use(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="7d"):
        parse_since(text)


def test_at_a_terminal_what_is_typed_is_not_shown() -> None:
    program = "from cli.terminal.input import ask_secret; print('typed', len(ask_secret('Secret')))"
    with program_at_a_terminal(program) as at:
        at.read_until(PROMPT)
        at.type(b" hush-hush \n")
        shown = at.read_until(b"typed 9")
    assert b"hush" not in shown


def test_through_a_pipe_each_question_takes_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(" one \n\nthree"))
    assert [ask_secret(label) for label in "abc"] == ["one", "", "three"]


def test_a_pipe_that_ends_too_early_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="API secret"):
        ask_secret("API secret")


def test_what_is_pasted_beyond_the_answer_does_not_reach_the_shell() -> None:
    program = (
        "import select, sys\n"
        "from cli.terminal.input import ask_secret, leftovers_discarded\n"
        "with leftovers_discarded():\n"
        "    ask_secret('Secret')\n"
        "    print('READY', flush=True)\n"
        "    select.select([sys.stdin], [], [], 30)\n"
    )
    with program_at_a_terminal(program) as at:
        at.read_until(PROMPT)
        at.type(b"one\n")
        at.read_until(b"READY")
        at.type(b"rm -r two\n")
        assert at.process.wait(timeout=60) == 0
        assert at.left_for_the_shell() == b""


# With its last blank: what is typed before that, when the echo is not yet off, is thrown away.
PROMPT = b"Secret: "


@dataclass(frozen=True)
class AtATerminal:
    process: subprocess.Popen[bytes]
    keyboard: int
    screen_end: int

    def type(self, text: bytes) -> None:
        os.write(self.keyboard, text)

    def read_until(self, text: bytes) -> bytes:
        shown = b""
        while text not in shown:
            ready, _, _ = select.select([self.keyboard], [], [], 60)
            assert ready, f"a minute without {text!r}; shown so far: {shown!r}"
            shown += os.read(self.keyboard, 1024)
        return shown

    def left_for_the_shell(self) -> bytes:
        os.set_blocking(self.screen_end, False)
        try:
            return os.read(self.screen_end, 100)
        except BlockingIOError:
            return b""


@contextmanager
def program_at_a_terminal(program: str) -> Iterator[AtATerminal]:
    keyboard, screen_end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=screen_end,
        stdout=screen_end,
        stderr=screen_end,
        start_new_session=True,
    )
    try:
        yield AtATerminal(process, keyboard, screen_end)
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)
        os.close(screen_end)
