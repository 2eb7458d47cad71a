"""Who may call the local stack, and what of MiniStack's answers goes out."""

from typing import Any
from urllib.parse import urlencode

import pytest

from local.embedded.gate import gated

OWN = "AKIAIOSFODNN7EXAMPLE"


def signed_by(access_key_id: str) -> dict[str, str]:
    scope = "20261126/us-east-1/sqs/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={access_key_id}/{scope}, "
        "SignedHeaders=host, Signature=0"
    }


def request(
    path: str = "/", headers: dict[str, str] | None = None, query: dict[str, str] | None = None
) -> dict[str, Any]:
    named = {"Host": "127.0.0.1:4566"} | (headers or {})
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": urlencode(query or {}).encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
    }


async def _ministack(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"Access-Control-Allow-Origin", b"*"), (b"content-type", b"text/xml")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"answered"})


def answer(scope: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with pytest.raises(StopIteration):  # it has ended: nothing in it waits
        gated(_ministack, lambda: None)(scope, None, send).send(None)
    return sent


def status(scope: dict[str, Any]) -> int:
    return int(answer(scope)[0]["status"])


def test_a_signed_request_passes() -> None:
    assert status(request(headers=signed_by(OWN))) == 200


def test_a_presigned_link_passes() -> None:
    credential = f"{OWN}/20261126/us-east-1/s3/aws4_request"
    assert status(request("/bucket/index.html", query={"X-Amz-Credential": credential})) == 200


@pytest.mark.parametrize("path", ["/_ministack/health", "/_aws/execute-api/a1/webhooks/paradime"])
def test_health_and_webhook_need_no_aws_signature(path: str) -> None:
    assert status(request(path)) == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:4566"])
@pytest.mark.parametrize("path", ["/", "/_ministack/health", "/_aws/execute-api/a1/webhooks"])
def test_a_web_page_is_refused(path: str, origin: str) -> None:
    assert status(request(path, signed_by(OWN) | {"Origin": origin})) == 403


@pytest.mark.parametrize("host", ["evil.example:4566", "127.0.0.1.evil.example", "10.0.0.1", ""])
def test_a_host_that_is_not_loopback_is_refused(host: str) -> None:
    assert status(request("/_ministack/health", {"Host": host})) == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:4566", "LOCALHOST", "[::1]:4566"])
def test_loopback_by_any_name_passes(host: str) -> None:
    assert status(request("/_ministack/health", {"Host": host})) == 200


@pytest.mark.parametrize("root", ["test", "000000000000", "123456789012"])
def test_root_whom_nobody_verifies_is_refused(root: str) -> None:
    assert status(request(headers=signed_by(root))) == 403


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}])
def test_a_request_that_names_no_key_is_refused(headers: dict[str, str]) -> None:
    assert status(request(headers=headers)) == 403


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/sqs/messages", "/_aws/x"])
def test_what_ministack_serves_without_credentials_is_refused(path: str) -> None:
    assert status(request(path, signed_by(OWN))) == 403


def test_a_web_socket_is_closed() -> None:
    scope = request(headers=signed_by(OWN)) | {"type": "websocket"}
    assert answer(scope) == [{"type": "websocket.close"}]


def test_no_cors_header_goes_out() -> None:
    start, _ = answer(request(headers=signed_by(OWN)))
    assert start["headers"] == [(b"content-type", b"text/xml")]


def test_a_refusal_says_what_to_do() -> None:
    _, body = answer(request(headers=signed_by("test")))
    assert b"access_key_id and secret_access_key in outputs.json" in body["body"]
