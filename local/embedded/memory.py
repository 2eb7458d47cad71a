"""Ends functions that take more memory than they have, as Lambda does: by SIGKILL."""

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

from ministack.core import lambda_runtime  # type: ignore[import-untyped]

_PROC = Path("/proc")
# What a process can take between two looks, by touching it, is some tens of MiB.
_POLL_SECONDS = 0.02
_MIB = 2**20

_log = logging.getLogger("memory")


def can_be_enforced() -> bool:
    """Only Linux tells the resident memory of another process cheaply enough."""
    return (_PROC / "self" / "statm").exists()


def enforce_memory() -> None:
    """From now on, in a thread of its own; nothing where it cannot be done."""
    if can_be_enforced():
        threading.Thread(target=_go_on, name="memory", daemon=True).start()


def _go_on() -> None:
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
            process = worker._proc  # once: it is None as soon as the worker is given up
            if process is not None and process.returncode is None:
                yield worker.func_name, process, worker.config["MemorySize"]


def resident_bytes(pid: int) -> int:
    """0 if there is no such process any more."""
    try:
        pages = (_PROC / str(pid) / "statm").read_bytes().split()[1]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
