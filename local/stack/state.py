"""The state directory of a local stack. Only one stack uses it at a time."""

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local.stack import LocalStackError

DEFAULT_STATE_DIR = Path(".local")
LAST_SECONDS = 5


class StateDir:
    """The files of one local stack, accessible to their owner only.

    The lock is held by the process that started the stack and by its embedded AWS, so it is free
    only once both are gone, however they ended.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.outputs = self.root / "outputs.json"
        self.saved_state = self.root / "state"
        self.objects = self.root / "objects"
        self.temporary = self.root / "tmp"
        self.assembly = self.root / "cdk.out"
        self.up_log = self.root / "up.log"
        self.synth_log = self.root / "synth.log"
        self.cdk_log = self.root / "cdk.log"
        self.aws_log = self.root / "aws.log"
        self.port = self.root / "port"
        self._lock = self.root / "lock"

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Yields the lock's file descriptor, for a child process to inherit.

        Raises:
            LocalStackError: A local stack is running in this directory.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)  # it may exist already and be open to others
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _try_lock(descriptor):
                raise LocalStackError(
                    f"A local stack is already running in {self.root} (process "
                    f"{self._lock.read_text()}). Use it, stop it with "
                    f"`python -m local down --state-dir {self.root}`, or choose another "
                    "--state-dir."
                )
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield descriptor
        finally:
            os.close(descriptor)

    def stop_holder(self, *, patience: float = 60) -> bool:
        """Stops the stack running in this directory and waits for its end; False if there is none.

        Raises:
            LocalStackError: It did not stop within `patience` seconds.
        """
        if not self._lock.exists():
            return False
        with self._lock.open("r+") as lock:
            if _try_lock(lock.fileno()):
                return False
            pid = int(lock.read())
            with suppress(ProcessLookupError):  # it was killed; its embedded AWS is still stopping
                os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + patience
            while not _try_lock(lock.fileno()):
                if time.monotonic() > deadline:
                    raise LocalStackError(
                        f"The local stack in {self.root} (process {pid}) did not stop within "
                        f"{patience:g} s; see {self.up_log} and {self.aws_log}."
                    )
                time.sleep(0.05)
        # It gives the lock back with its last lines.
        deadline = time.monotonic() + LAST_SECONDS
        while _exists(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        return True

    def forget(self) -> None:
        """Deletes everything that earlier stacks left here. Call it only while holding the lock."""
        for entry in self.root.iterdir():
            if entry == self._lock or entry == self.up_log:
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
