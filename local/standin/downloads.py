"""Presigned links and the downloads behind them, with the answers and errors of S3."""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from urllib.parse import urlencode

from local.standin import answer
from local.standin.answer import Answer
from local.standin.bolt import Bolt, NotFoundError
from local.standin.content import chunks_of, size_of
from local.standin.data import Resource


class Links:
    """Signs and checks links that are valid for `seconds`; each instance has its own key."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._key = secrets.token_bytes(32)

    def path(self, resource: Resource, *, expired: bool = False) -> str:
        """`/download/<resource id>/<file name>?X-Expires=<epoch seconds>&X-Signature=<hex>`."""
        expires = str(time.time() + (0 if expired else self.seconds))
        query = {"X-Expires": expires, "X-Signature": self._signature(str(resource.id), expires)}
        # The name is for people only: the id is what is signed and looked up.
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", resource.path.rpartition("/")[2]).strip(".")
        return f"/download/{resource.id}/{name or 'file'}?{urlencode(query)}"

    def refusal(self, resource_id: str, query: Mapping[str, str]) -> tuple[str, str] | None:
        """S3's error code and message for an invalid link, or None for a valid one."""
        expires = query.get("X-Expires", "")
        signature = self._signature(resource_id, expires)
        if not hmac.compare_digest(signature.encode(), query.get("X-Signature", "").encode()):
            return "SignatureDoesNotMatch", (
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method."
            )
        if time.time() >= float(expires):
            return "AccessDenied", "Request has expired"
        return None

    def _signature(self, resource_id: str, expires: str) -> str:
        return hmac.digest(self._key, f"{resource_id}\n{expires}".encode(), hashlib.sha256).hex()


def download(bolt: Bolt, links: Links, resource_id: str, query: Mapping[str, str]) -> Answer:
    if refusal := links.refusal(resource_id, query):
        return _error(403, *refusal)
    try:
        content = bolt.resource(int(resource_id)).content
    except NotFoundError:
        return _error(404, "NoSuchKey", "The specified key does not exist.")
    headers = {"Content-Type": "binary/octet-stream"}
    return Answer(200, headers, chunks_of(content), size_of(content))


def _error(status: int, code: str, message: str) -> Answer:
    return answer.of_bytes(
        status,
        "application/xml",
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode(),
    )
