"""API Gateway's event becomes the very bytes that were sent; each answer becomes its response."""

import base64
import json
from typing import Any

import pytest

from functions.ingest import http
from functions.shared.errors import SignatureError


def event(**members: Any) -> dict[str, Any]:
    return {"version": "2.0", "headers": {}, "isBase64Encoded": False} | members


class TestRequest:
    @pytest.mark.parametrize("body", ["", "{}", "ä\U0001f9ea\u2028", "\x00\r\n\t"])
    def test_a_text_body_is_its_utf8(self, body: str) -> None:
        assert http.from_gateway(event(body=body)).body == body.encode()

    def test_a_lone_surrogate_is_no_fault(self) -> None:
        assert http.from_gateway(event(body="\ud800")).body == b"\xed\xa0\x80"

    @pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe\x00", bytes(range(256)) * 40])
    def test_an_encoded_body_is_decoded(self, body: bytes) -> None:
        encoded = event(body=base64.b64encode(body).decode(), isBase64Encoded=True)
        assert http.from_gateway(encoded).body == body

    def test_base64_that_is_not_said_to_be_is_left_alone(self) -> None:
        assert http.from_gateway(event(body="e30=")).body == b"e30="

    @pytest.mark.parametrize(
        "body", ["e30", "e30=\n", "e3 0=", "e30==", "=e30", "e30=e30=", "-_-_", "{}", "ä", "\ud800"]
    )
    def test_a_body_that_is_not_the_base64_it_is_said_to_be_is_refused(self, body: str) -> None:
        with pytest.raises(SignatureError, match="base64"):
            http.from_gateway(event(body=body, isBase64Encoded=True))

    @pytest.mark.parametrize("absent", [{}, {"body": None}, {"body": None, "headers": None}])
    def test_no_body_is_an_empty_one(self, absent: dict[str, Any]) -> None:
        request = http.from_gateway({"version": "2.0"} | absent)
        assert request == http.Request(headers={}, body=b"")

    def test_header_names_are_lower_case(self) -> None:
        headers = {"Svix-Id": "A", "WEBHOOK-SIGNATURE": "B"}
        request = http.from_gateway(event(headers=headers))
        assert request.headers == {"svix-id": "A", "webhook-signature": "B"}

    @pytest.mark.parametrize(
        ("value", "read"),
        [("a\ud800b", "a\ufffdb"), ("\udc00", "\ufffd"), ("ä\U0001f9ea", "ä\U0001f9ea")],
        ids=ascii,
    )
    def test_header_values_can_be_written_to_a_log(self, value: str, read: str) -> None:
        request = http.from_gateway(event(headers={"svix-id": value}))
        assert request.headers == {"svix-id": read}


class TestAnswer:
    @pytest.mark.parametrize(
        ("answer", "status", "body"),
        [
            (http.accepted("w/1"), 202, {"status": "accepted", "run": "w/1"}),
            (http.QUARANTINED, 202, {"status": "quarantined", "run": None}),
            (http.UNAUTHORIZED, 401, {"error": "unauthorized"}),
            (http.TOO_LARGE, 413, {"error": "too large"}),
            (http.UNAVAILABLE, 503, {"error": "unavailable"}),
        ],
    )
    def test_is_json_with_its_status(
        self, answer: http.Answer, status: int, body: dict[str, Any]
    ) -> None:
        response = answer.to_gateway()
        assert response["statusCode"] == status
        assert response["headers"] == {"content-type": "application/json"}
        assert json.loads(response["body"]) == body
