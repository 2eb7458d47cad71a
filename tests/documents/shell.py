"""A shell in which the blocks of a document are run, as at one prompt."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Self

from tests.documents.blocks import Block

_PATIENCE_SECONDS = 1200
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ENDED = "-- the block ended with"
_START = f"""
set -euo pipefail
trap 'printf "\\n{_ENDED} %s\\n" $?' EXIT
"""
# In braces what a block defines is there for the next one, and yet it has its own standard input.
_BLOCK = f"""
{{
%s
}} <<'TYPED'
%s
TYPED
printf '\\n{_ENDED} 0\\n'
"""


class BlockFailedError(AssertionError):
    """A block failed, or printed something else; the message has what it printed."""


class Shell:
    """One bash; it ends with the first command that fails, and all that it started with it."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["/usr/bin/env", "bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=directory,
            env=environment,
            start_new_session=True,
        )
        self._write(_START)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def run(self, block: Block) -> str:
        """What the block printed.

        Raises:
            BlockFailedError: A command failed, the block did not end within twenty minutes, or it
                printed something else than the document shows.
        """
        printed = self._run(block)
        if block.shown and not matches(block.shown, printed):
            raise BlockFailedError(f"{block} shows\n{block.shown}\nbut prints\n{printed}")
        return printed

    def _run(self, block: Block) -> str:
        self._write(_BLOCK % (block.commands, block.notes.typed))
        printed: list[str] = []
        timer = Timer(_PATIENCE_SECONDS, self._kill)
        timer.start()
        try:
            assert self._process.stdout is not None
            for line in self._process.stdout:
                if line.startswith(_ENDED):
                    if line.split()[-1] == "0":
                        return "".join(printed)
                    break
                printed.append(line)
        finally:
            timer.cancel()
        raise BlockFailedError(f"{block} failed:\n{block.commands}\n{''.join(printed)[-3000:]}")

    def _write(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def matches(shown: str, printed: str) -> bool:
    """Whether a document shows what was printed, but for colours, blank lines and ends of lines.

    `…` stands for anything in its line; alone in a line, for any number of lines.
    """
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*?") + r"\n"
        for line in _lines(shown)
    )
    text = "".join(f"{line}\n" for line in _lines(_COLOURS.sub("", printed)))
    return re.fullmatch(pattern, text) is not None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]
