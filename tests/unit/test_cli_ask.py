"""Secrets are typed without being shown, or come through a pipe."""

import io
import os
import pty
import subprocess
import sys

import pytest

from cli.secrets.ask import ask_secret
from cli.terminal.errors import CommandError


def test_at_a_terminal_what_is_typed_is_not_shown() -> None:
    terminal, its_end = pty.openpty()
    program = "from cli.secrets.ask import ask_secret; print('typed', len(ask_secret('Secret')))"
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


def test_a_pipe_that_ends_too_early_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="API secret"):
        ask_secret("API secret")
