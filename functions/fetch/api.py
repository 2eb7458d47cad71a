"""Paradime's API, asked by several threads about one run."""

import threading
from collections.abc import Callable
from typing import TypeVar

from functions.paradime.api import ParadimeApi
from functions.shared.errors import (
    ApiFailingError,
    CredentialsMissingError,
    RunArchiveError,
    TryAgainError,
    UnavailableError,
)

# An API that fails this often in a row counts as down: from then on, one question at a time probes
# it.
MAX_FAILURES = 3
# After this many failed probes nothing more is asked in this receive. That is more than a few files
# that fail for reasons of their own, and takes no more than a minute or two if every probe hangs.
MAX_PROBES = 12

Answer = TypeVar("Answer")


class RunApi:
    """Asks less and less while the API is failing.

    Without credentials nothing is asked, and every question raises the reason for that.

    Raises:
        AddressRefusedError: no credentials are sent to the API's address.
    """

    def __init__(self, connect: Callable[[], ParadimeApi]) -> None:
        self._api: ParadimeApi | None = None
        self.unusable: RunArchiveError | None = None
        """Why nothing can be asked."""
        try:
            self._api = connect()
        except (CredentialsMissingError, UnavailableError) as e:
            self.unusable = e
        self._probing = threading.Lock()
        self._failures = 0
        self._probes = 0
        self._failure: ApiFailingError | None = None

    def ask(self, question: Callable[[ParadimeApi], Answer]) -> Answer:
        """Asks a question.

        Raises:
            ApiFailingError: the API is failing, or failed several times in a row and is not asked.
            RunArchiveError: whatever else the question raises.
        """
        if self._api is None:
            assert self.unusable
            raise self.unusable
        if self._failures < MAX_FAILURES:
            return self._ask(self._api, question)
        with self._probing:
            if self._failures >= MAX_FAILURES:
                self._refuse_if_down()
                self._probes += 1
            return self._ask(self._api, question)

    def _refuse_if_down(self) -> None:
        # If it asks for a wait, that holds for all questions.
        if self._failure and (self._failure.retry_after or self._probes >= MAX_PROBES):
            raise ApiFailingError(str(self._failure), self._failure.retry_after)

    def _ask(self, api: ParadimeApi, question: Callable[[ParadimeApi], Answer]) -> Answer:
        try:
            answer = question(api)
        except ApiFailingError as e:
            self._failures = MAX_FAILURES if e.retry_after else self._failures + 1
            self._failure = e
            raise
        except TryAgainError:
            self._failures = 0
            raise
        self._failures = 0
        return answer
