"""What a person types: `--since` takes a span or a date; secrets are not shown, or come by pipe."""

import io
import os
import pty
import subprocess
import sys
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
    terminal, its_end = pty.openpty()
    program = "from cli.terminal.input import ask_secret; print('typed', len(ask_secret('Secret')))"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        start_new_session=True,
    ):
        os.close(its_end)
        shown = b""
        while b"Secret: " not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, b" hush-hush \n")
        while b"typed" not in shown or not shown.endswith(b"\n"):
            shown += os.read(terminal, 1024)
    os.close(terminal)
    assert b"typed 9" in shown
    assert b"hush" not in shown


def test_through_a_pipe_each_question_takes_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(" one \n\nthree"))
    assert [ask_secret(label) for label in "abc"] == ["one", "", "three"]


def test_a_pipe_that_ends_too_early_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="API secret"):
        ask_secret("API secret")


def test_what_is_pasted_beyond_the_answer_does_not_reach_the_shell() -> None:
    terminal, its_end = pty.openpty()
    program = (
        "import select, sys\n"
        "from cli.terminal.input import ask_secret, leftovers_discarded\n"
        "with leftovers_discarded():\n"
        "    ask_secret('Secret')\n"
        "    print('READY', flush=True)\n"
        "    select.select([sys.stdin], [], [], 30)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        start_new_session=True,
    ) as process:
        read_until(terminal, b"Secret")
        os.write(terminal, b"one\n")
        read_until(terminal, b"READY")
        os.write(terminal, b"rm -r two\n")
        assert process.wait(timeout=60) == 0
    os.set_blocking(its_end, False)
    with pytest.raises(BlockingIOError):
        os.read(its_end, 100)


def read_until(terminal: int, text: bytes) -> None:
    shown = b""
    while text not in shown:
        shown += os.read(terminal, 1000)
