"""Hangs up on a server that takes too long, however it drips."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from msgspec import Struct

# For the status and headers of an answer together, and again for each piece of its body.
READ_SECONDS = 10.0
# How often what is waited for is looked at: by so much a time-out may be late.
LOOK_SECONDS = 0.25


class _Watched(Struct, eq=False):
    until: float
    hang_up: Callable[[], object]
    expired: bool = False


class Watchdog:
    """The time-out of a socket begins anew with each byte; this one does not.

    One thread for all: one for each piece of a file would cost more than to read it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: list[_Watched] = []
        self._any = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def hanging_up_after(self, seconds: float, hang_up: Callable[[], object]) -> Iterator[None]:
        """Raises TimeoutError when the block takes longer: hanging up ends what it waits for."""
        watched = _Watched(time.monotonic() + seconds, hang_up)
        with self._lock:
            self._watched.append(watched)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()
        self._any.set()
        try:
            yield
        except Exception as e:
            if watched.expired:
                raise TimeoutError(f"took longer than {seconds} s") from e
            raise
        finally:
            with self._lock:
                self._watched.remove(watched)
        if watched.expired:
            raise TimeoutError(f"took longer than {seconds} s")

    def _watch(self) -> None:
        while self._any.wait():
            time.sleep(LOOK_SECONDS)
            with self._lock:
                if not self._watched:
                    self._any.clear()
                late = [one for one in self._watched if one.until < time.monotonic()]
                for one in late:
                    one.expired = True
            for one in late:
                # It may just have come to its end, and its socket be gone: the watch goes on.
                with suppress(Exception):
                    one.hang_up()


_watchdog = Watchdog()


@contextmanager
def hanging_up(hang_up: Callable[[], object]) -> Iterator[None]:
    """Gives the block `READ_SECONDS`.

    Raises:
        TimeoutError: it took longer, and was ended by hanging up.
    """
    with _watchdog.hanging_up_after(READ_SECONDS, hang_up):
        yield
