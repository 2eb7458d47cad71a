"""Instants as the record and the archive write them: ISO 8601, UTC, microseconds, `Z`.

One fixed width, so that instants sort as text: DynamoDB's sort keys are compared as bytes.
"""

from datetime import UTC, datetime
from typing import TypeVar

_Instant = TypeVar("_Instant", bound=datetime)


def to_text(instant: datetime) -> str:
    utc = instant.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)


def as_utc(instant: _Instant) -> _Instant:
    """Paradime writes naive instants and its API uses UTC, so a naive one is read as UTC.

    Raises:
        ValueError: the instant lies outside of the years 1 to 9999 once it is in UTC.
    """
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    try:
        return instant.astimezone(UTC)
    except OverflowError as e:
        raise ValueError(f"{instant} is out of range") from e
