"""Types of fields in JSON that others write: payloads, pointers, answers of the API."""

from datetime import datetime
from typing import Annotated, Self

from msgspec import Meta

from functions.run.instants import as_utc

Id = Annotated[int, Meta(gt=0, le=2**63 - 1)]
# DynamoDB keeps 38 digits of a number, and refuses one that has more.
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
WorkspaceUid = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]


class Instant(datetime):
    """An instant in UTC, which JSON has as text; Paradime writes naive ones."""

    @classmethod
    def from_json(cls, value: object) -> Self:
        if not isinstance(value, str):
            raise ValueError("expected an instant as text")  # noqa: TRY004 - the reader's contract
        try:
            instant = cls.fromisoformat(value)
        except ValueError:
            raise ValueError("expected an instant such as 2023-10-15T16:44:01Z") from None
        try:
            return as_utc(instant)
        except ValueError:
            raise ValueError("the instant is out of range") from None
