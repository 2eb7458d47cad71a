"""The function's time limit: work stops before Lambda stops it."""

import time
from collections.abc import Callable

from functions.shared.errors import OutOfTimeError

# Longer than a piece of a download, or a call to AWS with its retries, can take. A question to an
# API that is slow at every step can take longer: Lambda then stops the function, and the message is
# received again after the queue's visibility timeout. What has been stored stays stored.
MARGIN_MILLISECONDS = 20_000


class Deadline:
    def __init__(self, remaining_milliseconds: Callable[[], int]) -> None:
        self._remaining = remaining_milliseconds

    def within(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> "Deadline":
        """The same, but for so many seconds from now at most."""
        end = clock() + seconds

        def remaining() -> int:
            return min(self._remaining(), MARGIN_MILLISECONDS + round((end - clock()) * 1000))

        return Deadline(remaining)

    def check(self, wait_seconds: float = 0) -> None:
        """Has to be called between any two steps; the next one begins after `wait_seconds`.

        Raises:
            OutOfTimeError: there is not enough time left for another step.
        """
        if self._remaining() - wait_seconds * 1000 < MARGIN_MILLISECONDS:
            raise OutOfTimeError(
                "the function is almost out of time; the next invocation continues"
            )
