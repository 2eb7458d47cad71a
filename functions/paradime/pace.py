"""How fast we ask Paradime's API."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from functions.shared.deadline import Deadline
from functions.shared.errors import TryAgainError

# No public source says what the API allows. Five calls a second are what a person's browser makes:
# enough for 1,000 schedules in about three minutes, and few enough not to get in others' way.
SECONDS_BETWEEN_CALLS = 0.2


class Pace:
    """Spaces calls out, and waits as long as the API asks for."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    @contextmanager
    def call(self, deadline: Deadline) -> Iterator[None]:
        """Goes around each call, and waits until it may begin.

        Raises:
            OutOfTimeError: the function's time would be over by then.
        """
        wait = max(self._next - self._clock(), 0.0)
        deadline.check(wait)
        self._sleep(wait)
        self._next = self._clock() + SECONDS_BETWEEN_CALLS
        try:
            yield
        except TryAgainError as e:
            self._next = max(self._next, self._clock() + (e.retry_after or 0))
            raise
