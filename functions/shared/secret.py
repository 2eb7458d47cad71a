"""A secret in Secrets Manager, cached."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters import GetParameterError, SecretsProvider

from functions.shared.errors import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_SECONDS = 300
RENEW_SECONDS = 60


class Secret:
    """Reads one secret, at most every five minutes but for `renewed`."""

    def __init__(
        self,
        client: "SecretsManagerClient",
        arn: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = SecretsProvider(boto3_client=client)
        self._arn = arn
        self._clock = clock
        self._renewed_at: float | None = None

    def text(self) -> str:
        """The secret as it was at most five minutes ago.

        Raises:
            UnavailableError: Secrets Manager did not give it.
        """
        return self._read(force=False)

    def renewed(self) -> str | None:
        """The secret as it is now, or None when it was renewed in the last minute.

        For the moment in which the cached one does not fit: so a changed secret takes effect at
        once, and a flood of bad signatures causes one read a minute.

        Raises:
            UnavailableError: Secrets Manager did not give it.
        """
        now = self._clock()
        if self._renewed_at is not None and now - self._renewed_at < RENEW_SECONDS:
            return None
        self._renewed_at = now
        return self._read(force=True)

    def _read(self, *, force: bool) -> str:
        try:
            value = self._provider.get(self._arn, max_age=CACHE_SECONDS, force_fetch=force)
        except GetParameterError as e:
            # The cause names the AWS error; the secret's value is in neither.
            raise UnavailableError(f"Secrets Manager did not give {self._arn}: {e}") from e
        return value if isinstance(value, str) else ""
