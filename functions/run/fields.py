"""Types of fields in JSON that others write: payloads, answers of the API, dbt's artifacts."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from functions.run.instants import as_utc


def _absent_if_odd(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


# For what only describes: a value of an unexpected kind is read as absent, and costs no more.
ODD_IS_ABSENT = WrapValidator(_absent_if_odd)

Id = Annotated[int, Field(strict=True, gt=0, lt=2**63)]
# DynamoDB keeps 38 digits of a number, and refuses one that has more.
Integer = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Instant = Annotated[datetime, AfterValidator(as_utc)]
Text = Annotated[str | None, ODD_IS_ABSENT]
WorkspaceUid = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
