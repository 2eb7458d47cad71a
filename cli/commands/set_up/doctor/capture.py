"""A captured delivery, for `doctor --delivery`.

A JSON object with `headers` (names and values) and the body as it was sent, either as text in
`body` or as base64 in `body_base64`. `received_at` (ISO 8601) says when it arrived. An API Gateway
event (payload 2.0), as found in a Lambda log, is also accepted.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.terminal.errors import CaptureError
from functions.ingest.http import Request, from_gateway
from functions.run.instants import as_utc
from functions.shared.errors import SignatureError


@dataclass(frozen=True, slots=True)
class Capture:
    """`received_at` is None if the file does not have it."""

    request: Request
    received_at: datetime | None


def read_capture(file: Path) -> Capture:
    """Raises:
    CaptureError: The file has another format.
    """
    try:
        content = json.loads(file.read_bytes())
        return Capture(_request(content), _received_at(content))
    except (ValueError, KeyError, TypeError, AttributeError, SignatureError) as e:
        raise CaptureError(
            f"{file} is not a captured delivery ({type(e).__name__}: {e}); expected a JSON "
            'object such as {"headers": {"svix-id": "…"}, "body": "…", "received_at": "…"}, with '
            '"body_base64" instead of "body" if it is binary, or an API Gateway event'
        ) from e


def _request(content: dict[str, Any]) -> Request:
    headers = {str(name): str(value) for name, value in content["headers"].items()}
    if "body_base64" in content:
        gateway = {"body": content["body_base64"], "isBase64Encoded": True}
    else:
        gateway = {"body": content["body"], "isBase64Encoded": content.get("isBase64Encoded")}
    return from_gateway(gateway | {"headers": headers})


def _received_at(content: dict[str, Any]) -> datetime | None:
    if "received_at" in content:
        return as_utc(datetime.fromisoformat(content["received_at"]))
    if "requestContext" in content:
        return datetime.fromtimestamp(content["requestContext"]["timeEpoch"] / 1000, UTC)
    return None
