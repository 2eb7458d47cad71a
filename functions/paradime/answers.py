"""What an answer of a GraphQL API says: its data, or an error.

Only the field that was asked for is read, so whatever else an answer holds takes no memory.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar

from msgspec import UNSET, Raw, Struct, UnsetType, defstruct

from functions.run.masking import without_secrets
from functions.shared.errors import (
    ApiFailingError,
    NotThereError,
    NotUnderstoodError,
    TryAgainError,
)
from functions.shared.read_json import Reader

_Model = TypeVar("_Model", bound=Struct)


class _Answer(Struct):
    """Raw values are not read, only that they are JSON."""

    data: Raw | UnsetType = UNSET
    errors: Raw | UnsetType = UNSET


class _Error(Struct):
    message: str


_ANSWER = Reader(_Answer, surrogates=True)
_ERRORS = Reader(list[_Error])
_NOTHING = (b"null", b"[]", b"false", b'""', b"0", b"{}")


def read_answer(
    body: bytearray, kind: str, credentials: Iterable[str], field: str, model: type[_Model]
) -> _Model:
    """The one field that was asked for; `kind` is the body's content type.

    Raises:
        NotThereError: the field is null.
        TryAgainError: the answer is an error, or of another shape.
        ApiFailingError: it is none of an API's. No error quotes one of the `credentials`.
    """
    return _read(_data(_parse(body, kind), credentials), field, model)


def _parse(body: bytearray, kind: str) -> _Answer:
    try:
        return _ANSWER.read(body)
    except NotUnderstoodError as e:
        if str(e).startswith("expected"):
            raise ApiFailingError("Paradime's API answered JSON that is not an object") from e
        raise ApiFailingError(f"Paradime's API answered {kind}, which is not JSON") from e


def _data(answer: _Answer, credentials: Iterable[str]) -> Raw:
    """The answer's data.

    An error among it does not say whether there is nothing or whether something is broken, so it
    is no NotThereError: an outage that answers so would else cost the archive its files.
    """
    if answer.errors is not UNSET and bytes(memoryview(answer.errors)[:5]) not in _NOTHING:
        said = _first_message(answer.errors, credentials)
        raise TryAgainError(f"Paradime's API answered an error: {said}")
    if answer.data is UNSET or bytes(memoryview(answer.data)[:1]) != b"{":
        raise TryAgainError("Paradime's API answered without data")
    return answer.data


def _first_message(errors: Raw, credentials: Iterable[str]) -> str:
    """Cut, and without the credentials and links that it may quote."""
    try:
        message = _ERRORS.read(errors)[0].message
    except NotUnderstoodError:
        return "without a message"
    for credential in credentials:
        message = message.replace(credential.removeprefix("Bearer "), "…")
    return without_secrets(" ".join(message.split()))[:200]


def _read(data: Raw, field: str, model: type[_Model]) -> _Model:
    try:
        found = _reader(field, model).read(data)
    except NotUnderstoodError as e:
        raise TryAgainError(f"Paradime's API answered an unexpected {field}: {e}") from e
    answer: _Model | None = getattr(found, field)
    if answer is None:
        raise NotThereError(f"Paradime's API has nothing for this {field}")
    return answer


@cache
def _reader(field: str, model: type[_Model]) -> Reader[Any]:
    """Reads the one field of the data that was asked for."""
    return Reader(defstruct("Data", [(field, model | None, None)]))
