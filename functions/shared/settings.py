"""A function's settings, read from its environment once."""

import os
from collections.abc import Mapping
from typing import Annotated, Any, Self, get_origin

import msgspec
from msgspec import Meta

from functions.shared.errors import FunctionSettingsError

PositiveInt = Annotated[int, Meta(gt=0)]
NonNegativeInt = Annotated[int, Meta(ge=0)]


class FunctionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One field an environment variable, in lower case; a tuple is a JSON list there."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """
        Raises:
            FunctionSettingsError: variables are missing or cannot be what they say.
        """
        read, wrong = {}, []
        for field in msgspec.structs.fields(cls):
            try:
                read[field.name] = _read(environment[field.name.upper()], field.type)
            except (KeyError, UnicodeError, msgspec.DecodeError):
                wrong.append(field.name)
        if wrong:
            raise FunctionSettingsError(wrong)
        return cls(**read)


def _read(text: str, kind: Any) -> Any:
    if get_origin(kind) is tuple:
        return msgspec.json.decode(text, type=kind)
    return msgspec.convert(text, kind, strict=False)
