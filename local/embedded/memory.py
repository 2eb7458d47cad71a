"""Kills functions that use more memory than they have, as Lambda does."""

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

from ministack.core import lambda_runtime  # type: ignore[import-untyped]

_PROC = Path("/proc")
# Between two checks a process can use some tens of MiB more.
_POLL_SECONDS = 0.02
_MIB = 2**20

_log = logging.getLogger("memory")


def can_be_enforced() -> bool:
    """Only Linux reports the resident memory of another process cheaply enough."""
    return (_PROC / "self" / "statm").exists()


def enforce_memory() -> None:
    """Starts a thread that enforces the limits, if it can be done here."""
    if can_be_enforced():
        threading.Thread(target=_watch, name="memory", daemon=True).start()


def _watch() -> None:
    pause = threading.Event()
    while not pause.wait(_POLL_SECONDS):
        for function, process, mib in _workers():
            if (resident := resident_bytes(process.pid)) > mib * _MIB:
                process.kill()
                _log.warning(
                    "killed %s (process %d): %d MiB resident, %d allowed",
                    function,
                    process.pid,
                    resident // _MIB,
                    mib,
                )


def _workers() -> Iterator[tuple[str, "Popen[str]", int]]:
    """The processes that run functions, each with the function's name and MemorySize in MiB."""
    for pool in list(lambda_runtime._workers.values()):
        for worker in list(pool):
            process = worker._proc  # read once: it becomes None when the worker is discarded
            if process is not None and process.returncode is None:
                yield worker.func_name, process, worker.config["MemorySize"]


def resident_bytes(pid: int) -> int:
    """0 if the process no longer exists."""
    try:
        pages = (_PROC / str(pid) / "statm").read_bytes().split()[1]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
