"""Paradime's API, as one run is fetched from it by several threads."""

import threading
from collections.abc import Callable
from typing import TypeVar

from functions.aws.secret import Secret
from functions.paradime.api import ParadimeApi
from functions.shared.errors import ApiFailingError, CredentialsRefusedError, TryAgainError

# An API that is down is not asked hundreds of times in one receive.
MAX_FAILURES = 3

Answer = TypeVar("Answer")


class RunApi:
    """Asks with renewed credentials when they are refused, and no longer once the API is failing.

    `connect` makes the API's client from the text of the API secret.
    """

    def __init__(self, secret: Secret, connect: Callable[[str], ParadimeApi]) -> None:
        self._secret = secret
        self._connect = connect
        self._api = connect(secret.text())
        self._renewing = threading.Lock()
        self._failures = 0
        self._failure: ApiFailingError | None = None

    def ask(self, question: Callable[[ParadimeApi], Answer]) -> Answer:
        """Lets the question ask.

        Raises:
            ApiFailingError: the API fails, or has failed several times in a row and is not asked.
            TryAgainError: whatever else the question raises.
        """
        if self._failure is not None and self._failures >= MAX_FAILURES:
            raise ApiFailingError(str(self._failure), self._failure.retry_after)
        try:
            answer = self._ask(question)
        except ApiFailingError as e:
            # A wait that it asks for is for all questions.
            self._failures = MAX_FAILURES if e.retry_after else self._failures + 1
            self._failure = e
            raise
        except TryAgainError:
            self._failures = 0
            raise
        self._failures = 0
        return answer

    def _ask(self, question: Callable[[ParadimeApi], Answer]) -> Answer:
        api = self._api
        try:
            return question(api)
        except CredentialsRefusedError:
            if not self._renew(api):
                raise
            return question(self._api)

    def _renew(self, refused: ParadimeApi) -> bool:
        """Whether there are other credentials than the refused ones; they may have been rotated."""
        with self._renewing:
            if self._api is refused and (text := self._secret.renewed()) is not None:
                self._api = self._connect(text)
            return self._api is not refused
