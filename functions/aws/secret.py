"""A secret in Secrets Manager, cached."""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from functions.aws.client import unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_SECONDS = 300
RENEW_SECONDS = 60


class Secret:
    """Reads one secret, at most every five minutes but for `renewed`.

    By the wall clock: nothing says that a monotonic one goes on while Lambda has the process
    frozen, and a secret that was taken back must not live on in there.

    Powertools' `SecretsProvider` caches as well, but does not tell whether it has just read, so
    that a flood of bad signatures on a cold start would cause two reads and not one.
    """

    def __init__(
        self,
        client: "SecretsManagerClient",
        arn: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._text = ""
        self._read_at = -math.inf
        self._renewed_at = -math.inf
        self._just_read = False

    def text(self) -> str:
        """The secret as it was at most five minutes ago; empty if it is no text.

        Raises:
            UnavailableError: Secrets Manager did not give it.
        """
        self._just_read = self._clock() - self._read_at >= CACHE_SECONDS
        if self._just_read:
            self._read()
        return self._text

    def renewed(self) -> str | None:
        """The secret as it is now, or None when `text` gave just that, or a minute ago this did.

        For the moment in which the cached one does not fit: so a changed secret takes effect at
        once, and a flood of bad signatures causes one read a minute.

        Raises:
            UnavailableError: Secrets Manager did not give it.
        """
        now = self._clock()
        if now - self._renewed_at < RENEW_SECONDS:
            return None
        self._renewed_at = now
        if self._just_read:
            return None
        self._read()
        return self._text

    def _read(self) -> None:
        with unavailable("Secrets Manager", secret=self._arn):
            answer = self._client.get_secret_value(SecretId=self._arn)
        self._text = answer.get("SecretString", "")
        self._read_at = self._clock()
