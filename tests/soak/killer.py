"""Ends workers of the fetch function at random while they work."""

import random
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from local.stack.state import StateDir
from tests.e2e.workers import kill, workers

# A worker that ends while it starts takes all others with it: so does the embedded AWS, not Lambda.
WARM_SECONDS = 3


class Killer:
    """Kills while it is entered: a worker after every 0.5 to 1.5 times `interval` seconds.

    Only while there is a backlog, since then all workers are at work.
    """

    def __init__(
        self, state: StateDir, *, has_backlog: Callable[[], bool], interval: float, seed: int
    ) -> None:
        self._state = state
        self._has_backlog = has_backlog
        self._interval = interval
        self._chance = random.Random(seed)  # noqa: S311 (chooses, guards nothing)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="killer")
        self.kills = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._over.wait(self._interval * self._chance.uniform(0.5, 1.5)):
            running = workers(self._state, "Fetch", age=WARM_SECONDS)
            if running and self._has_backlog():
                kill(self._chance.choice(running))
                self.kills += 1
