"""Signs a delivery as its sender would, in any scheme of the webhook secret."""

import base64
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from standardwebhooks.webhooks import hmac_data

from functions.ingest.signature import (
    HmacSha256,
    SharedSecret,
    SigningKey,
    StandardWebhooks,
    Token,
    parse_secret,
)
from functions.run import event

_Secret = TypeVar("_Secret", SigningKey, SharedSecret)


def signed_headers(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that make a delivery genuine; `secret` is the webhook secret's JSON.

    Of several secrets, the first one that speaks for the body's workspace signs.

    Raises:
        SignatureError: There is no usable secret.
    """
    headers = {"content-type": "application/json"}
    uid = event.workspace_uid(body)
    match parse_secret(secret):
        case StandardWebhooks() as scheme:
            delivery_id, timestamp = f"msg_{uuid.uuid4().hex}", str(int(now.timestamp()))
            signed = f"{delivery_id}.{timestamp}.".encode() + body
            signature = base64.b64encode(hmac_data(_speaker(scheme.secrets, uid), signed)).decode()
            return headers | {
                "svix-id": delivery_id,
                "svix-timestamp": timestamp,
                "svix-signature": f"v1,{signature}",
            }
        case HmacSha256() as scheme:
            digest = hmac_data(_speaker(scheme.secrets, uid).encode(), body)
            text = digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()
            return headers | {scheme.header: scheme.prefix + text}
        case Token() as scheme:
            return headers | {scheme.header: _speaker(scheme.secrets, uid)}


def _speaker(secrets: Sequence[_Secret], uid: str | None) -> _Secret:
    """The first that speaks for the workspace; without any, the first, which is refused."""
    able = (one for one in secrets if one.workspaces is None or uid in one.workspaces)
    return next(able, secrets[0])
