"""The function's own time: work stops before Lambda stops it."""

from collections.abc import Callable

from functions.shared.errors import OutOfTimeError

# Longer than a piece of a download, or a call to AWS with its repetitions, can take. One question
# to an API that dawdles at every turn can take longer: Lambda then stops the function, and the
# message is received again after the queue's visibility time-out. What is stored stays stored.
MARGIN_MILLISECONDS = 20_000


class Deadline:
    def __init__(self, remaining_milliseconds: Callable[[], int]) -> None:
        self._remaining = remaining_milliseconds

    def check(self, wait_seconds: float = 0) -> None:
        """To be called between two steps of any work; `wait_seconds` are to pass before the next.

        Raises:
            OutOfTimeError: too little time is left to begin another.
        """
        if self._remaining() - wait_seconds * 1000 < MARGIN_MILLISECONDS:
            raise OutOfTimeError("the function's time is nearly over; the next invocation goes on")
