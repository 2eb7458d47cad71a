"""A request on its way through API Gateway, open to every change that a sender could make."""

import base64
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """`text` and `encoded` are the body as the event has it: as it is, or in base64.

    `genuine` is true for as long as nothing was done to the request that could spoil it.
    """

    headers: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""
    encoded: bool = False
    genuine: bool = True

    @property
    def body(self) -> bytes | None:
        """The bytes that were sent; None where the event says base64 and it is not."""
        if not self.encoded:
            return self.text.encode(errors="surrogatepass")
        try:
            return base64.b64decode(self.text, validate=True)
        except ValueError:
            return None

    def put(self, body: bytes, *, encoded: bool = False) -> None:
        """Sets the body: in base64 if told so, or if it is not UTF-8."""
        try:
            self.text, self.encoded = body.decode(), False
        except UnicodeDecodeError:
            encoded = True
        if encoded:
            self.text, self.encoded = base64.b64encode(body).decode(), True

    def joined_headers(self) -> dict[str, str]:
        """As API Gateway has them: a header that was sent twice is joined by a comma."""
        spelled: dict[str, str] = {}
        values: dict[str, list[str]] = {}
        for name, value in self.headers:
            spelled.setdefault(name.lower(), name)
            values.setdefault(name.lower(), []).append(value)
        return {spelled[name]: ",".join(values[name]) for name in values}

    @property
    def header_bytes(self) -> int:
        return sum(
            len(text.encode(errors="surrogatepass")) for pair in self.headers for text in pair
        )

    def event(self) -> dict[str, Any]:
        """API Gateway's event, payload format 2.0, with what the handler could look at."""
        return {
            "version": "2.0",
            "routeKey": "POST /webhooks/paradime",
            "rawPath": "/webhooks/paradime",
            "rawQueryString": "",
            "headers": self.joined_headers(),
            "requestContext": {
                "requestId": "request",
                "http": {"method": "POST", "path": "/webhooks/paradime", "sourceIp": "192.0.2.10"},
            },
            "body": self.text,
            "isBase64Encoded": self.encoded,
        }
