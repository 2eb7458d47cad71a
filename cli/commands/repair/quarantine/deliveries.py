"""Deliveries in quarantine.

Each has a name made of its delivery id and the digest of its body. Saved files have the same name,
by which the original of a fixed file is found.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cli.stack.messages import HeldMessages
from cli.terminal.output import warn
from functions.intake.quarantine import Quarantined, parse
from functions.run import instants
from functions.shared.errors import NotUnderstoodError

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef


@dataclass(frozen=True)
class QuarantinedMessage:
    message: "MessageTypeDef"
    delivery: Quarantined

    @property
    def name(self) -> str:
        delivery_id = re.sub(r"[^A-Za-z0-9_-]+", "-", self.delivery.delivery_id)[:80]
        return f"{delivery_id}.{sha256(self.delivery.body).hexdigest()[:8]}.json"

    def facts(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "delivery_id": self.delivery.delivery_id,
            "received_at": instants.to_text(self.delivery.received_at),
            "bytes": len(self.delivery.body),
            "reason": self.delivery.reason,
        }


def read_deliveries(held: HeldMessages) -> list[QuarantinedMessage]:
    """The oldest first; warns of messages that are not deliveries, and leaves them alone."""
    found = []
    for message in held.all():
        try:
            found.append(QuarantinedMessage(message, parse(message["Body"])))
        except NotUnderstoodError:
            warn(f"message {message['MessageId']} in quarantine is not a delivery")
    return sorted(found, key=lambda one: one.delivery.received_at)
