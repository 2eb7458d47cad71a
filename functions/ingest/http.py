"""The HTTP side of ingest: API Gateway's event, and every answer that we give."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from functions.shared.errors import SignatureError


class Request(Struct, frozen=True):
    """The names of `headers` are in lower case; `body` is what was sent, byte for byte."""

    headers: Mapping[str, str]
    body: bytes


class Answer(Struct, frozen=True):
    status: int
    body: Mapping[str, str | None]

    def to_gateway(self) -> dict[str, Any]:
        return {
            "statusCode": self.status,
            "headers": {"content-type": "application/json"},
            "body": json.dumps(self.body),
        }


# The same for every reason, so that an attacker learns nothing from it.
UNAUTHORIZED = Answer(401, {"error": "unauthorized"})
TOO_LARGE = Answer(413, {"error": "too large"})
UNAVAILABLE = Answer(503, {"error": "unavailable"})


def accepted(run: str) -> Answer:
    return Answer(202, {"status": "accepted", "run": run})


QUARANTINED = Answer(202, {"status": "quarantined", "run": None})


def from_gateway(event: Mapping[str, Any]) -> Request:
    """Reads an API Gateway event, payload format 2.0.

    Raises:
        SignatureError: the body is marked as base64 but is not, so it cannot be verified.
    """
    headers = {name.lower(): _text(value) for name, value in (event.get("headers") or {}).items()}
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return Request(headers, body.encode(errors="surrogatepass"))
    try:
        return Request(headers, base64.b64decode(body, validate=True))
    except ValueError as e:
        raise SignatureError("body is marked as base64 but is not") from e


def _text(value: str) -> str:
    """The value without lone surrogates, which JSON can hold but a log line cannot."""
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
