"""The message on the quarantine queue: a genuine delivery that could not be understood, whole."""

import base64
import gzip
import json
from dataclasses import dataclass
from datetime import datetime

from functions.run import instants
from functions.shared.errors import TooLargeError

MAX_MESSAGE_BYTES = 1024 * 1024  # SQS's own limit since 2025


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
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
                f"a queue takes {MAX_MESSAGE_BYTES}"
            )
        return message


def parse(message: str) -> Quarantined:
    fields = json.loads(message)
    return Quarantined(
        body=gzip.decompress(base64.b64decode(fields["body_gz"])),
        reason=fields["reason"],
        delivery_id=fields["delivery_id"],
        received_at=instants.from_text(fields["received_at"]),
    )
