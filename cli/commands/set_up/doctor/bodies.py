"""What a body may have been before something rewrote it in transit."""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress


def likely_originals(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Possible changes, each with the body as it was before."""
    yield "a line break was added at the end", body.rstrip(b"\r\n")
    yield "the line break at the end was removed", body + b"\n"
    yield "its line breaks were changed", body.replace(b"\r\n", b"\n")
    yield "its line breaks were changed", body.replace(b"\n", b"\r\n")
    yield "a byte order mark was added", body.removeprefix(b"\xef\xbb\xbf")
    with suppress(ValueError):
        yield "it was encoded in base64", base64.b64decode(body, validate=True)
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
                # A lone surrogate has no UTF-8 form, so no body contained one.
                original = text.encode(errors="replace")
                yield "its JSON was parsed and rewritten", original
                yield "its JSON was parsed and rewritten", original + b"\n"
