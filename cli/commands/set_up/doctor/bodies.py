"""What a body may have been before something on its way wrote it anew."""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress


def likely_originals(body: bytes) -> Iterator[tuple[str, bytes]]:
    """What may have been done to it, and the body before that."""
    yield "a line break was added at its end", body.rstrip(b"\r\n")
    yield "the line break at its end was taken off", body + b"\n"
    yield "its line breaks were changed", body.replace(b"\r\n", b"\n")
    yield "its line breaks were changed", body.replace(b"\n", b"\r\n")
    yield "a byte order mark was put before it", body.removeprefix(b"\xef\xbb\xbf")
    with suppress(ValueError):
        yield "it was encoded as base64", base64.b64decode(body, validate=True)
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return
    for indent in (None, 2, 3, 4):
        for separators in ((",", ":"), (", ", ": "), (",", ": ")):
            for ascii_only in (True, False):
                text = json.dumps(
                    content, indent=indent, separators=separators, ensure_ascii=ascii_only
                )
                # A lone surrogate has no UTF-8, and so was in no body.
                original = text.encode(errors="replace")
                yield "its JSON was read and written anew", original
                yield "its JSON was read and written anew", original + b"\n"
