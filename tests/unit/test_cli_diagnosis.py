"""`doctor --delivery`: each way to spoil a delivery is named, and no secret is shown."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.commands.set_up.doctor.capture import Capture, read_capture
from cli.commands.set_up.doctor.diagnosis import Cause, Diagnosis, diagnose
from cli.secrets.signing import signed_headers
from cli.terminal.errors import CaptureError
from functions.ingest.http import Request

EVENTS = Path(__file__).parents[2] / "events"
BODY = (EVENTS / "run_completed.json").read_bytes()
NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def key(letter: str) -> str:
    return "whsec_" + base64.b64encode(letter.encode() * 24).decode()


STANDARD = json.dumps({"scheme": "standard-webhooks", "secrets": [key("a")]})
OTHER = json.dumps({"scheme": "standard-webhooks", "secrets": [key("b")]})
HMAC_FIELDS = {"scheme": "hmac-sha256", "secrets": ["a shared signing key"], "header": "x-signed"}
HMAC = json.dumps(HMAC_FIELDS | {"encoding": "hex", "prefix": "sha256="})
TOKEN = json.dumps({"scheme": "token", "secrets": ["hush: a shared token"], "header": "x-token"})

Headers = dict[str, str]


def captured(
    signed_with: str = STANDARD,
    *,
    body: bytes = BODY,
    sent: bytes = BODY,
    late: timedelta = timedelta(),
    spoil: Callable[[Headers], object] = lambda headers: None,
) -> Capture:
    """A delivery of `sent`, received as `body` and so long after it was signed."""
    headers = signed_headers(signed_with, sent, NOW - late)
    headers |= {"content-length": str(len(sent))}
    spoil(headers)
    return Capture(Request(headers, body), NOW)


def cause(capture: Capture, secret: str = STANDARD, previous: str | None = None) -> Cause:
    return diagnose(capture, secret, previous, NOW).cause


@pytest.mark.parametrize("secret", [STANDARD, HMAC, TOKEN])
def test_a_genuine_delivery_verifies(secret: str) -> None:
    assert cause(captured(secret), secret) is Cause.GENUINE


@pytest.mark.parametrize(
    ("uid", "expected"),
    [("n0sg8br1m44k0ryj", Cause.GENUINE), ("another", Cause.OTHER_WORKSPACE)],
)
def test_a_secret_speaks_for_its_workspaces(uid: str, expected: Cause) -> None:
    bound = json.dumps({"secrets": [{"secret": key("a"), "workspaces": [uid]}]})
    assert cause(captured(), bound) is expected


class TestWrongSecret:
    def test_of_another_endpoint(self) -> None:
        assert cause(captured(OTHER)) is Cause.WRONG_SECRET

    def test_the_one_that_was_stored_before(self) -> None:
        found = diagnose(captured(OTHER), STANDARD, OTHER, NOW)
        assert found.cause is Cause.WRONG_SECRET
        assert "--add" in found.advice

    def test_another_token(self) -> None:
        other = TOKEN.replace("hush", "hiss")
        assert cause(captured(other), TOKEN) is Cause.WRONG_SECRET

    def test_none_is_stored(self) -> None:
        fresh = '{"scheme": "standard-webhooks", "secrets": []}'
        assert cause(captured(), fresh) is Cause.NO_SECRET


class TestChangedBody:
    @pytest.mark.parametrize(
        ("sent", "body"),
        [
            pytest.param(b'{"a": 1}', b'{"a":1}', id="written compactly"),
            pytest.param(b'{"a":1}', b'{\n  "a": 1\n}', id="written prettily"),
            pytest.param('{"a": "ü"}'.encode(), b'{"a": "\\u00fc"}', id="written in ASCII"),
            pytest.param(b"{}", b"{}\n", id="line break added"),
            pytest.param(b"{}\n", b"{}", id="line break taken off"),
            pytest.param(b"{\n}", b"{\r\n}", id="line breaks of Windows"),
            pytest.param(b"{}", b"\xef\xbb\xbf{}", id="byte order mark"),
            pytest.param(b"{}", b"e30=", id="base64"),
        ],
    )
    @pytest.mark.parametrize("secret", [STANDARD, HMAC])
    def test_on_its_way_in_a_way_that_is_known(self, secret: str, sent: bytes, body: bytes) -> None:
        def without_length(headers: Headers) -> None:
            del headers["content-length"]

        capture = captured(secret, sent=sent, body=body, spoil=without_length)
        assert cause(capture, secret) is Cause.CHANGED_BODY

    def test_to_another_length(self) -> None:
        assert cause(captured(body=BODY[:-10])) is Cause.CHANGED_BODY

    def test_cannot_be_told_from_a_wrong_secret_without_the_length(self) -> None:
        capture = captured(body=BODY[:-10], spoil=lambda headers: headers.pop("content-length"))
        assert cause(capture) is Cause.WRONG_SECRET_OR_BODY


class TestClock:
    @pytest.mark.parametrize("late", [timedelta(minutes=6), timedelta(minutes=-6)])
    def test_too_far_from_the_signatures_time(self, late: timedelta) -> None:
        assert cause(captured(late=late)) is Cause.CLOCK

    def test_of_a_capture_that_does_not_say_when(self) -> None:
        capture = Capture(captured().request, None)
        found = diagnose(capture, STANDARD, None, NOW + timedelta(days=1))
        assert found.cause is Cause.CLOCK
        assert "received_at" in found.advice


class TestWrongScheme:
    @pytest.mark.parametrize(
        ("signed_with", "stored"), [(HMAC, STANDARD), (TOKEN, STANDARD), (STANDARD, HMAC)]
    )
    def test_signed_in_another(self, signed_with: str, stored: str) -> None:
        assert cause(captured(signed_with), stored) is Cause.WRONG_SCHEME

    @pytest.mark.parametrize(
        "fields",
        [
            {"encoding": "base64", "prefix": "sha256="},
            {"encoding": "hex", "prefix": ""},
            {"encoding": "base64", "prefix": ""},
        ],
    )
    def test_written_otherwise(self, fields: dict[str, str]) -> None:
        found = diagnose(captured(json.dumps(HMAC_FIELDS | fields)), HMAC, None, NOW)
        assert found.cause is Cause.WRONG_SCHEME
        assert f"--encoding {fields['encoding']}" in found.advice

    def test_in_another_header(self) -> None:
        def renamed(headers: Headers) -> None:
            headers["x-paradime-signature"] = headers.pop("x-signed")

        found = diagnose(captured(HMAC, spoil=renamed), HMAC, None, NOW)
        assert found.cause is Cause.WRONG_SCHEME
        assert "x-paradime-signature" in found.detail


class TestHeaderMissing:
    @pytest.mark.parametrize("name", ["svix-id", "svix-timestamp", "svix-signature"])
    def test_one_of_three(self, name: str) -> None:
        found = diagnose(captured(spoil=lambda h: h.pop(name)), STANDARD, None, NOW)
        assert (found.cause, found.detail) == (
            Cause.HEADER_MISSING,
            f"Missing from the request: {name}.",
        )

    @pytest.mark.parametrize("secret", [STANDARD, HMAC, TOKEN])
    def test_all_of_them(self, secret: str) -> None:
        assert cause(captured(secret, spoil=dict.clear), secret) is Cause.HEADER_MISSING


class TestMalformed:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("svix-timestamp", "yesterday"),
            ("svix-timestamp", "1714979289.5"),
            ("svix-timestamp", "1714979289000"),
            ("svix-id", "two words"),
            ("svix-id", "msg_1.1714979289"),
            ("svix-signature", "v1"),
            ("svix-signature", "v1,short"),
            ("svix-signature", "v2,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ],
    )
    def test_header_of_standard_webhooks(self, name: str, value: str) -> None:
        found = diagnose(captured(spoil=lambda h: h.update({name: value})), STANDARD, None, NOW)
        assert found.cause is Cause.MALFORMED
        assert name in found.detail

    def test_header_of_an_hmac(self) -> None:
        capture = captured(HMAC, spoil=lambda h: h.update({"x-signed": "sha256=xyz"}))
        assert cause(capture, HMAC) is Cause.MALFORMED


def text_of(found: Diagnosis) -> str:
    return f"{found.cause} {found.detail} {found.advice}"


@pytest.mark.parametrize("stored", [STANDARD, OTHER, HMAC, TOKEN])
@pytest.mark.parametrize("signed_with", [STANDARD, HMAC, TOKEN])
def test_no_secret_is_shown(signed_with: str, stored: str) -> None:
    shown = text_of(diagnose(captured(signed_with, body=b"{}"), stored, OTHER, NOW))
    secrets = [json.loads(text)["secrets"][0] for text in (STANDARD, OTHER, HMAC, TOKEN)]
    assert [secret for secret in secrets if secret.removeprefix("whsec_") in shown] == []


NAMES = st.sampled_from(
    ["svix-id", "svix-timestamp", "svix-signature", "webhook-id", "webhook-signature", "x-signed"]
) | st.text(max_size=5)
VALUES = st.text(max_size=20) | st.sampled_from(["v1,", "1714979289", "999999999999", "sha256="])


@given(
    st.dictionaries(NAMES, VALUES),
    st.binary(max_size=20),
    st.sampled_from([STANDARD, HMAC, TOKEN]),
)
def test_whatever_was_captured_gets_a_diagnosis(headers: Headers, body: bytes, secret: str) -> None:
    found = diagnose(Capture(Request(headers, body), None), secret, OTHER, NOW)
    assert found.cause is not Cause.GENUINE


class TestCapture:
    def read(self, tmp_path: Path, content: Any) -> Capture:
        file = tmp_path / "captured.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return read_capture(file)

    def test_headers_are_found_in_any_case(self, tmp_path: Path) -> None:
        capture = self.read(tmp_path, {"headers": {"Svix-Id": "msg_1"}, "body": "ü"})
        assert capture == Capture(Request({"svix-id": "msg_1"}, "ü".encode()), None)

    def test_a_body_in_base64(self, tmp_path: Path) -> None:
        capture = self.read(tmp_path, {"headers": {}, "body_base64": "/w=="})
        assert capture.request.body == b"\xff"

    def test_the_time_of_receipt(self, tmp_path: Path) -> None:
        content = {"headers": {}, "body": "", "received_at": "2024-05-06T09:08:09+02:00"}
        assert self.read(tmp_path, content).received_at == NOW

    def test_an_event_of_api_gateway(self) -> None:
        capture = read_capture(EVENTS / "lambda" / "http_run_completed_base64.json")
        assert capture.request.body == BODY
        assert capture.received_at == datetime(2023, 10, 15, 16, 44, 39, 891000, tzinfo=UTC)

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "not JSON",
            "[]",
            {"body": ""},
            {"headers": {}},
            {"headers": [], "body": ""},
            {"headers": {}, "body_base64": "?"},
            {"headers": {}, "body": "", "received_at": "noon"},
            {"headers": {}, "body": 1},
        ],
    )
    def test_another_format_is_refused(self, tmp_path: Path, content: Any) -> None:
        with pytest.raises(CaptureError, match=r"captured\.json is not a captured delivery"):
            self.read(tmp_path, content)
