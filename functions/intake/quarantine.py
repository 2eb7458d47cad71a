"""The message on the quarantine queue: a genuine delivery that could not be understood, whole."""

import base64
import gzip
import json
import zlib
from datetime import datetime

from msgspec import Struct

from functions.run import instants
from functions.run.fields import Instant
from functions.shared.errors import NotUnderstoodError, TooLargeError
from functions.shared.read_json import Reader

MAX_BODY_BYTES = 5 * 1024 * 1024  # of a delivery
MAX_MESSAGE_BYTES = 1024 * 1024  # SQS's own limit since 2025


class Quarantined(Struct, frozen=True, kw_only=True):
    body: bytes
    reason: str
    delivery_id: str
    received_at: datetime

    def to_json(self) -> str:
        """`{"schema": 1, "reason", "delivery_id", "received_at", "body_gz"}`, ASCII only.

        `body_gz` is the body, gzip in base64.

        Raises:
            TooLargeError: the message would be over what SQS takes.
        """
        message = json.dumps(
            {
                "schema": 1,
                "reason": self.reason[:1024],
                "delivery_id": self.delivery_id,
                "received_at": instants.to_text(self.received_at),
                "body_gz": base64.b64encode(gzip.compress(self.body, mtime=0)).decode(),
            }
        )
        if len(message) > MAX_MESSAGE_BYTES:
            raise TooLargeError(
                f"a delivery that cannot be understood takes {len(message)} bytes as a message; "
                f"a queue accepts {MAX_MESSAGE_BYTES}"
            )
        return message


class _Message(Struct, frozen=True):
    reason: str
    delivery_id: str
    received_at: Instant
    body_gz: str


_MESSAGE = Reader(_Message)


def parse(message: str) -> Quarantined:
    """Reads a message's body.

    Raises:
        NotUnderstoodError: the message holds no delivery.
    """
    read = _MESSAGE.read(message)
    return Quarantined(
        body=_unpacked(read.body_gz),
        reason=read.reason,
        delivery_id=read.delivery_id,
        received_at=read.received_at,
    )


def _unpacked(body_gz: str) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)  # 31 is zlib's word for gzip's format
    try:
        body = unpacking.decompress(base64.b64decode(body_gz, validate=True), MAX_BODY_BYTES)
    except (ValueError, zlib.error):
        raise NotUnderstoodError("body_gz: expected gzip in base64") from None
    if not unpacking.eof:
        raise NotUnderstoodError(f"body_gz: truncated, or over {MAX_BODY_BYTES} bytes unpacked")
    return body
