"""A secret in Secrets Manager, cached."""

import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from functions.aws.client import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_SECONDS = 300
RENEW_SECONDS = 60


class Reading(Struct, frozen=True):
    """A secret's text and when it was read, in seconds of the Unix epoch.

    The text is empty if the secret is binary. `cached` tells that it was not read just now.
    """

    text: str
    read_at: float
    cached: bool = False


class Secret:
    """Reads one secret, at most once in five minutes, plus once a minute if it is refused.

    Uses the wall clock: a monotonic one may stop while Lambda has the process frozen, and a
    revoked secret must not live on in there.

    Powertools' `SecretsProvider` caches as well, but does not tell whether it has just read: a
    flood of bad signatures on a cold start would cause two reads instead of one.
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
        self._latest = Reading("", -math.inf)
        self._renewed_at = -math.inf
        self._renewing = threading.Lock()

    def read(self) -> Reading:
        """The secret as it was at most five minutes ago.

        Raises:
            UnavailableError: Secrets Manager failed.
        """
        if self._clock() - self._latest.read_at < CACHE_SECONDS:
            return replace(self._latest, cached=True)
        return self._read()

    def renew(self, refused: Reading) -> Reading:
        """The latest reading, in place of one that did not fit; the same if none is newer.

        So a changed secret takes effect at once, and a flood of bad signatures causes one read a
        minute. Several threads may ask.

        Raises:
            UnavailableError: Secrets Manager failed.
        """
        with self._renewing:
            now = self._clock()
            if refused.read_at != self._latest.read_at or now - self._renewed_at < RENEW_SECONDS:
                return self._latest
            self._renewed_at = now
            if not refused.cached and now - refused.read_at < RENEW_SECONDS:
                return refused
            return self._read()

    def _read(self) -> Reading:
        with translate_errors("Secrets Manager", secret=self._arn):
            answer = self._client.get_secret_value(SecretId=self._arn)
        self._latest = Reading(answer.get("SecretString", ""), self._clock())
        return self._latest
