"""dbt's JSON artifacts, read within bounds and whatever version of dbt wrote them."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from functions.shared.errors import NotUnderstoodError

MAX_ARTIFACT_BYTES = 64 * 1024 * 1024
# The parser takes up to a hundred bytes for a value, however short its text is: with these and
# the bytes themselves the function stays below its 512 MB. dbt writes a value in about 26 bytes.
MAX_VALUES = 3_000_000

_Model = TypeVar("_Model", bound=BaseModel)


class Part(BaseModel):
    """A part of an artifact: what a version of dbt adds to it is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def parse(model: type[_Model], body: bytes) -> _Model:
    """Reads an artifact.

    Raises:
        NotUnderstoodError: over the bounds, not JSON, or not of the model's shape.
    """
    check_size(len(body))
    if sum(body.count(mark) for mark in (b",", b"{", b"[")) > MAX_VALUES:
        raise NotUnderstoodError(f"it has more than {MAX_VALUES:,} values")
    try:
        return model.model_validate_json(body)
    except ValidationError as e:
        fault = e.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(step) for step in fault["loc"][:3])
        said = fault["msg"].replace("Invalid JSON", "it is not JSON")
        raise NotUnderstoodError(f"{where}: {said}" if where else said) from e


def check_size(size: int) -> None:
    """To be asked before an artifact is loaded.

    Raises:
        NotUnderstoodError: it is larger than what is read.
    """
    if size > MAX_ARTIFACT_BYTES:
        raise NotUnderstoodError(f"it has {size:,} bytes; up to {MAX_ARTIFACT_BYTES:,} are read")
