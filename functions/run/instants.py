"""Instants as the record and the archive write them: ISO 8601, UTC, microseconds, `Z`.

The width is fixed, so that instants sort as text: DynamoDB compares sort keys as bytes.
"""

from datetime import UTC, datetime
from typing import TypeVar

_Instant = TypeVar("_Instant", bound=datetime)


def to_text(instant: datetime) -> str:
    utc = instant.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def to_text_if_known(instant: datetime | None) -> str | None:
    return to_text(instant) if instant else None


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)


def as_utc(instant: _Instant) -> _Instant:
    """A naive instant is read as UTC: Paradime writes naive ones, and its API uses UTC.

    Raises:
        ValueError: in UTC, the instant is outside the years 1 to 9999.
    """
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    try:
        return instant.astimezone(UTC)
    except OverflowError as e:
        raise ValueError(f"{instant} is out of range") from e
