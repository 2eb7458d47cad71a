"""How fast we ask Paradime's API."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from functions.shared.deadline import Deadline
from functions.shared.errors import AskedToWaitError, OutOfTimeError, TryAgainError

# No public source says what the API allows. Five calls a second are what a person's browser makes:
# enough for 1,000 schedules in about three minutes, and few enough not to get in others' way.
SECONDS_BETWEEN_CALLS = 0.2
# Of a sweep's 15 minutes, for one workspace: the others need time as well.
MAX_ASKED_SECONDS = 120.0


class Pace:
    """Spaces calls out, and waits as the API asks, up to `MAX_ASKED_SECONDS` in all."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._next = clock()
        self._asked_seconds = 0.0

    @contextmanager
    def call(self, deadline: Deadline) -> Iterator[None]:
        """Goes around each call, and waits until it may begin.

        Raises:
            OutOfTimeError: the function's time is nearly over.
            AskedToWaitError: the API has asked for longer waits than there is time for.
        """
        wait = max(self._next - self._clock(), 0.0)
        if wait > SECONDS_BETWEEN_CALLS:
            self._check_asked(wait, deadline)
        else:
            deadline.check(wait)
        self._sleep(wait)
        self._next = self._clock() + SECONDS_BETWEEN_CALLS
        try:
            yield
        except TryAgainError as e:
            self._next = max(self._next, self._clock() + (e.retry_after or 0))
            self._asked_seconds += e.retry_after or 0
            raise

    def _check_asked(self, wait: float, deadline: Deadline) -> None:
        deadline.check()
        try:
            deadline.check(wait)
        except OutOfTimeError:
            in_time = False
        else:
            in_time = self._asked_seconds <= MAX_ASKED_SECONDS
        if not in_time:
            raise AskedToWaitError(
                f"Paradime's API asked to wait for {wait:.0f} s; the next sweep continues here"
            )
