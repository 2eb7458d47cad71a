"""The processes in which the embedded AWS runs functions: its execution environments."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress

from local.stack.state import StateDir
from tests.e2e.client import eventually


def workers(state: StateDir, function: str, *, age: int = 0) -> list[int]:
    """Process ids of a function's workers on one local stack; `function` such as `Fetch`.

    Only those that run for `age` seconds already.
    """
    folder = f"{state.temporary}/ministack-lambda-"
    ps = [str(shutil.which("ps")), "-wweo", "pid=,etimes=,args="]
    listed = subprocess.run(ps, capture_output=True, text=True, check=True).stdout
    return [
        int(pid)
        for pid, seconds, command in (line.split(maxsplit=2) for line in listed.splitlines())
        if int(seconds) >= age and folder in command and f"-{function}Function" in command
    ]


def kill_all(state: StateDir, function: str) -> None:
    """So that the next call meets a worker that remembers nothing."""

    def are_gone() -> bool:
        running = workers(state, function)
        for pid in running:
            kill(pid)
        return not running

    eventually(are_gone, f"no worker of {function} is left")


def kill(pid: int) -> None:
    """At once and without a word, as when the machine below a function fails."""
    with suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(pid, signal.SIGKILL)
