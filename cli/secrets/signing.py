"""Signs a delivery as its sender would, in any scheme of the webhook secret."""

import base64
import uuid
from datetime import datetime

from standardwebhooks.webhooks import hmac_data

from functions.ingest.signature import HmacSha256, StandardWebhooks, Token, parse_secret


def signed_headers(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that make a delivery genuine; `secret` is the webhook secret's JSON.

    Of several secrets, the first one signs.

    Raises:
        SignatureError: There is no usable secret.
    """
    headers = {"content-type": "application/json"}
    match parse_secret(secret):
        case StandardWebhooks() as scheme:
            delivery_id, timestamp = f"msg_{uuid.uuid4().hex}", str(int(now.timestamp()))
            signed = f"{delivery_id}.{timestamp}.".encode() + body
            signature = base64.b64encode(hmac_data(scheme.secrets[0], signed)).decode()
            return headers | {
                "svix-id": delivery_id,
                "svix-timestamp": timestamp,
                "svix-signature": f"v1,{signature}",
            }
        case HmacSha256() as scheme:
            digest = hmac_data(scheme.secrets[0].encode(), body)
            text = digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()
            return headers | {scheme.header: scheme.prefix + text}
        case Token() as scheme:
            return headers | {scheme.header: scheme.secrets[0]}
