"""JSON that others wrote, read into models; whatever is wrong with it is one error of ours.

msgspec decodes it into just what the model asks for, and stops at the first fault: neither what
is not read nor what is wrong takes memory. What it does not do is done here:

- Its errors, Python's among them, become `NotUnderstoodError`, which says where and what.
- `NaN` and `Infinity`, which Python writes and JSON does not have, are read as a value of no
  use to any field, and cost no more than the field that holds them.
- A class with `from_json` reads its own values; the ValueError that it raises says what is wrong.

No error quotes what was read. So models have neither `Literal`, enumerations, tags nor
`forbid_unknown_fields`: msgspec's errors about those would.
"""

import re
from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    NamedTuple,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
)

import msgspec

from functions.shared.errors import NotUnderstoodError

_Model = TypeVar("_Model")
Text = bytes | bytearray | memoryview | msgspec.Raw | str

_FAULTS = (msgspec.DecodeError, RecursionError, UnicodeError)

# Beyond that many it is no number that went wrong, and to mend them would take long.
MAX_MENDED = 100_000
# Skips what is in a string, and stops behind the next one that is in none.
_NO_NUMBER = re.compile(
    rb'[^"NI-]*+(?:(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|-(?!I))[^"NI-]*+)*+(NaN|-?Infinity)', re.DOTALL
)

# Skips all escapes but that of a surrogate without its other half, and stops behind that one.
_PAIRED = re.compile(
    rb"[^\\]*+(?:\\(?:[^u]|u(?![dD][89a-fA-F])|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F])[^\\]*+)*+"
    rb"\\(u[dD][89a-fA-F][0-9a-fA-F]{2})",
    re.DOTALL,
)
_REPLACEMENT = b"ufffd"

_FAULT = re.compile(r"(?P<what>.*?)(?: - at (?:`key` in )?`\$(?P<where>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_TYPE_NAMES = re.compile("`([^`]*)`")
_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "an integer",
    "object": "an object",
    "str": "text",
}


class Reader(Generic[_Model]):
    """Reads one model. It is made once, since msgspec prepares each model's decoding.

    With `surrogates`, one without its other half is read as U+FFFD; JSON as others write it can
    have it, and UTF-8 cannot.
    """

    def __init__(self, model: type[_Model] | UnionType, *, surrogates: bool = False) -> None:
        self._surrogates = surrogates
        # With the float hook a number that is out of range costs no more than its own field.
        self._decoder: msgspec.json.Decoder[_Model] = msgspec.json.Decoder(
            model, dec_hook=_read_by_type, float_hook=float
        )

    def read(self, text: Text) -> _Model:
        """
        A bytearray may be mended in place; anything else is copied for it.

        Raises:
            NotUnderstoodError: not JSON, or not what the model asks for.
        """
        fault: Exception
        try:
            return self._decoder.decode(text)
        except _FAULTS as e:
            # Its frames would hold the text, in a circle, until Python looks for circles.
            fault = e.with_traceback(None)
        mended = self._mended(text) if type(fault) is msgspec.DecodeError else None
        if mended is None:
            raise _not_understood(fault) from None
        try:
            return self._decoder.decode(mended)
        except _FAULTS as e:
            raise _not_understood(e, " (NaN and Infinity count as a list)") from None

    def _mended(self, text: Text) -> bytearray | None:
        """The text of the same length with what msgspec takes; None if there is nothing to mend."""
        mended = text if isinstance(text, bytearray) else bytearray(_bytes(text))
        changed = _mend_numbers(mended)
        if self._surrogates:
            changed |= _mend_surrogates(mended)
        return mended if changed else None


def convert(value: object, model: type[_Model]) -> _Model:
    """A model from JSON that is parsed already.

    Raises:
        NotUnderstoodError: it is not what the model asks for.
    """
    try:
        return msgspec.convert(value, model, dec_hook=_read_by_type)
    except _FAULTS as e:
        raise _not_understood(e) from None


if TYPE_CHECKING:
    Lenient: TypeAlias = _Model | None
    OrEmpty: TypeAlias = _Model | None
else:

    class _FitsAnything(type):
        """msgspec wants an instance of the type that it asked for."""

        def __instancecheck__(cls, instance: object) -> bool:
            return True

    class Lenient(Generic[_Model], metaclass=_FitsAnything):
        """A field that only describes: a value of another kind is read as None."""

    class OrEmpty(Generic[_Model], metaclass=_FitsAnything):
        """A field that may be absent, which null and an empty text say as well."""


class _Kind(NamedTuple):
    """What a field's type asks for; `origin` is `Lenient`, `OrEmpty` or None.

    Most fields are texts and instants, and a payload may have thousands of them: these are read
    here, since to ask msgspec again for each one takes several times as long.
    """

    origin: Any
    model: Any
    is_text: bool
    from_json: Callable[[object], object] | None


@cache
def _kind(kind: Any) -> _Kind:
    origin = get_origin(kind)
    model = kind if origin is None else get_args(kind)[0]
    return _Kind(origin, model, model is str, getattr(model, "from_json", None))


def _read_by_type(kind: Any, value: object) -> object:
    origin, model, is_text, from_json = _kind(kind)
    if origin is not None and (value is None or (origin is OrEmpty and value == "")):
        return None
    if is_text and type(value) is str:
        return value
    try:
        if from_json is not None:
            return from_json(value)
        return msgspec.convert(value, model, dec_hook=_read_by_type)
    except ValueError as e:  # msgspec's ValidationError is one
        if origin is Lenient:
            return None
        raise ValueError(str(e)) from None  # to which msgspec adds where it is


def _not_understood(fault: Exception, note: str = "") -> NotUnderstoodError:
    match fault:
        case RecursionError():
            return NotUnderstoodError("it is nested too deeply")
        case UnicodeError():
            return NotUnderstoodError("it is not UTF-8")
        case msgspec.ValidationError():
            return NotUnderstoodError(_fault(str(fault)) + note)
        case _:
            said = str(fault).removeprefix("JSON is malformed: ")
            return NotUnderstoodError(f"it is not JSON: {_lower(said)}")


def _fault(said: str) -> str:
    """Such as `workspace.uid: expected text, got an integer`, from what msgspec says."""
    parts = _FAULT.fullmatch(said)
    assert parts
    where, what = parts["where"] or "", parts["what"]
    if missing := _MISSING.fullmatch(what):
        where, what = f"{where}.{missing['name']}", "missing"
    where = where.replace("[...]", "").replace("[", ".").replace("]", "").strip(".")
    what = _lower(_TYPE_NAMES.sub(lambda names: _in_words(names[1]), what))
    return f"{where}: {what}" if where else what


def _in_words(names: str) -> str:
    return " or ".join(_WORDS.get(name, name) for name in names.split(" | "))


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _bytes(text: Text) -> bytes | bytearray | memoryview:
    if isinstance(text, str):
        return text.encode(errors="replace")
    return memoryview(text) if isinstance(text, msgspec.Raw) else text


def _mend_numbers(text: bytearray) -> bool:
    """Puts an empty list in place of each `NaN` and `Infinity`."""
    if not 0 < text.count(b"NaN") + text.count(b"Infinity") <= MAX_MENDED:
        return False
    end = 0
    while found := _NO_NUMBER.match(text, end):
        start, end = found.span(1)
        text[start:end] = b"[]".ljust(end - start)
    return True


def _mend_surrogates(text: bytearray) -> bool:
    changed, end = False, 0
    while found := _PAIRED.match(text, end):
        start, end = found.span(1)
        text[start:end] = _REPLACEMENT
        changed = True
    return changed
