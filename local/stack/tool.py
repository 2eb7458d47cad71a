"""A command-line tool that runs in the background and never outlives this process."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local.stack import LocalStackError


@dataclass(frozen=True)
class Tool:
    what: str
    log: Path
    _process: "subprocess.Popen[bytes]"

    def wait(self) -> None:
        """Waits until it has ended.

        Raises:
            LocalStackError: It failed.
        """
        if (status := self._process.wait()) != 0:
            lines = self.log.read_text(errors="replace").splitlines()
            end = "\n".join(f"  {line}" for line in lines[-12:])
            raise LocalStackError(
                f"{self.what} failed with status {status}. The end of {self.log}:\n{end}"
            )


@contextmanager
def running_tool(
    what: str, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path
) -> Iterator[Tool]:
    """Started; killed with all its children if still running on exit. Errors call it `what`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
    try:
        yield Tool(what, log, process)
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
