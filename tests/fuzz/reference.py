"""What the published `svix` package says of a request.

Two things stand between that package and a verdict, and both are made up for here:

- It raises undocumented errors for a malformed entry in the list of signatures, even with a
  valid one behind it. So it is asked about each entry alone, and any error counts as a no.
- It takes no body but UTF-8. Of another body the HMAC is compared here, as the standard defines
  it; if it fits, the package is asked about the same headers with the body in hex, signed anew.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence

from svix.webhooks import Webhook

from tests.fuzz.request import Request


def accepts(request: Request, secrets: Sequence[str]) -> bool:
    """True if the package accepts any entry of the request by any of the secrets."""
    body = request.body
    if body is None:
        return False
    headers = {name.lower(): value for name, value in request.joined_headers().items()}
    name = "svix-signature" if "svix-signature" in headers else "webhook-signature"
    return any(
        _accepts(secret, headers | {name: entry}, name, body)
        for secret in secrets
        for entry in headers.get(name, "").split(" ")
    )


def _accepts(secret: str, headers: Mapping[str, str], name: str, body: bytes) -> bool:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.hex()
        if headers[name] != sign(secret, headers, body):
            return False
        headers = {**headers, name: sign(secret, headers, text.encode())}
    try:
        Webhook(secret).verify(text, dict(headers))
    except Exception:  # noqa: BLE001 - see above
        return False
    return True


def sign(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """The entry that the standard defines for a body; id and timestamp are in the headers."""
    delivery_id = headers.get("svix-id", headers.get("webhook-id", ""))
    timestamp = headers.get("svix-timestamp", headers.get("webhook-timestamp", ""))
    signed = f"{delivery_id}.{timestamp}.".encode(errors="surrogatepass") + body
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"
