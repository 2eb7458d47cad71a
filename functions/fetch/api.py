"""Paradime's API, asked by several threads about one run."""

from collections.abc import Callable
from typing import TypeVar

from functions.paradime.api import ParadimeApi
from functions.shared.errors import ApiFailingError, TryAgainError

# An API that is down is not asked hundreds of times in one receive.
MAX_FAILURES = 3

Answer = TypeVar("Answer")


class RunApi:
    """Stops asking once the API is failing."""

    def __init__(self, api: ParadimeApi) -> None:
        self._api = api
        self._failures = 0
        self._failure: ApiFailingError | None = None

    def ask(self, question: Callable[[ParadimeApi], Answer]) -> Answer:
        """Asks a question.

        Raises:
            ApiFailingError: the API is failing, or failed several times in a row and is not asked.
            RunArchiveError: whatever else the question raises.
        """
        if self._failure is not None and self._failures >= MAX_FAILURES:
            raise ApiFailingError(str(self._failure), self._failure.retry_after)
        try:
            answer = question(self._api)
        except ApiFailingError as e:
            # If it asks for a wait, that holds for all questions.
            self._failures = MAX_FAILURES if e.retry_after else self._failures + 1
            self._failure = e
            raise
        except TryAgainError:
            self._failures = 0
            raise
        self._failures = 0
        return answer
