"""Delivers as the sender does: an attempt has a time of its own, and the delivery one id."""

from datetime import UTC, datetime

from standardwebhooks import Webhook

from tests.integration.world import SECRET


def signed(body: bytes, delivery_id: str) -> dict[str, str]:
    """The headers of one attempt, made now."""
    now = datetime.now(UTC)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(delivery_id, now, body.decode()),
    }
