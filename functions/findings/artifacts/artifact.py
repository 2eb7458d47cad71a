"""dbt's JSON artifacts, whatever version of dbt wrote them, read in parts and within bounds.

A part is first taken as its text (`Raw`), which msgspec checks and leaves where it is. What is
wanted of it is then read piece by piece, so that memory grows with that alone.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TypeVar

from msgspec import Raw

from functions.run.fields import Integer
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import Reader

MAX_ARTIFACT_BYTES = 64 * 1024 * 1024
# Each character of such a text is held twice more while it is turned into UTF-8.
MAX_UTF16_BYTES = 16 * 1024 * 1024
_UTF16 = (BOM_UTF16_LE, BOM_UTF16_BE)
NULL = Raw(b"null")

# dbt nests its results four deep, and what a database says of them may go deeper.
MAX_DEPTH = 16
_PIECE_BYTES = 64 * 1024

# Of an artifact with more of them none is mended further.
MAX_ESCAPES = 5_000_000
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

_Value = TypeVar("_Value")
# Absent is the same as null.
TEXT = Reader[str | None](str | None)
INTEGER = Reader[int | None](Integer | None)
NUMBER = Reader[float | None](float | None)


def check_size(size: int) -> None:
    """To be asked before an artifact is loaded.

    Raises:
        NotUnderstoodError: it is larger than what is read.
    """
    if size > MAX_ARTIFACT_BYTES:
        raise NotUnderstoodError(f"it has {size:,} bytes; up to {MAX_ARTIFACT_BYTES:,} are read")


def read_whole(reader: Reader[_Value], body: bytes | bytearray) -> _Value:
    """Reads an artifact, also one with a byte order mark before it or lone surrogates in it.

    An editor or a shell puts the one there (PowerShell's writes UTF-16), and Python writes the
    others for bytes that are no text. A bytearray is changed in place.

    Raises:
        NotUnderstoodError: it is not JSON, or not what the reader asks for.
    """
    if body.startswith(BOM_UTF8):
        body = bytearray(body) if isinstance(body, bytes) else body
        del body[: len(BOM_UTF8)]
    elif body.startswith(_UTF16) and len(body) <= MAX_UTF16_BYTES:
        body = body.decode("utf-16", errors="replace").encode()
    try:
        return reader.read(body)
    except NotUnderstoodError:
        mended = _without_lone_surrogates(body)
        if mended is None:
            raise
        return reader.read(mended)


def _without_lone_surrogates(body: bytes | bytearray) -> bytearray | None:
    """With a replacement character, of the same length, for each; None if there are none."""
    if not _SURROGATE.search(body):
        return None
    mended = bytearray(body) if isinstance(body, bytes) else body
    lone = [at.span("lone") for at in islice(_ESCAPES.finditer(mended), MAX_ESCAPES) if at["lone"]]
    for start, end in lone:
        mended[start:end] = b"ufffd"
    return mended if lone else None


def required(name: str, raw: Raw, reader: Reader[_Value]) -> _Value:
    """
    Raises:
        NotUnderstoodError: the member of that name is absent or of another kind.
    """
    try:
        return reader.read(raw)
    except NotUnderstoodError as e:
        raise NotUnderstoodError(f"{name}: {e}") from None


def described(raw: Raw, reader: Reader[_Value]) -> _Value | None:
    """A member that only describes: None if it is of another kind."""
    try:
        return reader.read(raw)
    except NotUnderstoodError:
        return None


def count(raw: Raw, mark: bytes) -> int:
    """How often a byte stands in a part, in strings as well."""
    part = memoryview(raw)
    pieces = (part[at : at + _PIECE_BYTES] for at in range(0, len(part), _PIECE_BYTES))
    return sum(bytes(piece).count(mark) for piece in pieces)


def elements(name: str, raw: Raw) -> Iterator[memoryview]:
    """The text of each element of a list, one at a time.

    Raises:
        NotUnderstoodError: the member of that name is no list, or nested too deeply.
    """
    text = memoryview(raw)
    if text[:1].tobytes() != b"[":
        raise NotUnderstoodError(f"{name}: expected a list")
    element, end = _element(), 1
    if _EMPTY.match(text, end):
        return
    while end < len(text):
        found = element.match(text, end)
        if found is None:
            raise NotUnderstoodError(f"{name}: nested over {MAX_DEPTH} deep")
        end = found.end()
        yield text[found.start(1) : found.end(1)]


_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_EMPTY = re.compile(rb"\s*+\]")


@cache
def _element() -> re.Pattern[bytes]:
    """An element of a list and what ends it, if both are known to be well-formed.

    A pattern cannot call itself, so it holds itself as often as anything may be nested.
    """
    inside = rb'[^"\[\]{}]*+(?:%b[^"\[\]{}]*+)*+' % _STRING
    for _ in range(MAX_DEPTH):
        inside = rb'[^"\[\]{}]*+(?:(?:%b|[\[{]%b[\]}])[^"\[\]{}]*+)*+' % (_STRING, inside)
    nested = rb"[\[{]%b[\]}]" % inside
    return re.compile(rb'\s*+([^"\[\]{},\s]++|%b|%b)\s*+[,\]]' % (_STRING, nested), re.DOTALL)
