"""A gate in front of MiniStack, which by itself serves any web page and accepts anybody as root.

MiniStack verifies the signatures of users and sessions, but not those of root, and treats as root
whoever names the access key `test`, an account number or none at all. Its own addresses below
`/_ministack/` need no credentials. So a request passes only with the key of a user or a session;
deliveries to the webhook, which are signed in their own way, need none.
"""

import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any
from urllib.parse import parse_qs

from ministack.core.iam_evaluator import is_root_access_key  # type: ignore[import-untyped]
from ministack.core.router import extract_access_key_id  # type: ignore[import-untyped]
from ministack.services import sts  # type: ignore[import-untyped]

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Any, Send], Coroutine[Any, Any, None]]

HEALTH = "/_ministack/health"
APIS = "/_aws/execute-api/"
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", re.IGNORECASE)


def register_operator(access_key_id: str, secret_access_key: str, account: str) -> None:
    """Registers a root key whose signatures are verified; it lasts as long as the process."""
    sts.register_session(
        access_key_id,
        {
            "Arn": f"arn:aws:iam::{account}:root",
            "UserId": account,
            "AccountId": account,
            "PrincipalType": "Root",
            "SecretAccessKey": secret_access_key,
        },
    )


def gated(app: App, on_ready: Callable[[], None]) -> App:
    """The app behind the gate; `on_ready` is called once its state is loaded."""

    async def answer(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, _calling(on_ready, send))
        elif (reason := refusal(scope)) is not None:
            await _refuse(scope, send, reason)
        else:
            await app(scope, receive, _without_cors(send))

    return answer


def refusal(scope: Scope) -> str | None:
    """Why a request is refused, or None if it passes."""
    headers = _headers(scope["headers"])
    if scope["type"] != "http":
        return "web sockets are not supported"
    if "origin" in headers:
        return "web pages may not use the local stack"
    if not _LOOPBACK.fullmatch(headers.get("host", "")):
        # DNS rebinding: the owner of an open page could point its host name here.
        return "the local stack can only be called at a loopback address, such as 127.0.0.1"
    path = scope["path"]
    if path == HEALTH or path.startswith(APIS):
        return None
    if path.startswith("/_"):
        return f"{path} is not available"
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if is_root_access_key(extract_access_key_id(headers, query)):
        return (
            "the local stack has its own credentials: access_key_id and secret_access_key in "
            "outputs.json in its state directory"
        )
    return None


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Joins repeated headers as MiniStack does, so that both see the same access key."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


async def _refuse(scope: Scope, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    body = f"{reason}\n".encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _calling(on_ready: Callable[[], None], send: Send) -> Send:
    async def send_on(message: dict[str, Any]) -> None:
        if message["type"] == "lifespan.startup.complete":
            on_ready()
        await send(message)

    return send_on


def _without_cors(send: Send) -> Send:
    async def send_on(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message["headers"]
                if not name.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": kept}
        await send(message)

    return send_on
