"""A function's settings, read from its environment once."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict


class FunctionSettings(BaseModel):
    """One field an environment variable, in lower case."""

    # A validation error must not quote the environment, which holds the role's credentials.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """
        Raises:
            ValidationError: a variable is missing or cannot be what it says; it names the field.
        """
        return cls.model_validate({name.lower(): value for name, value in environment.items()})
