"""A delivery counts as genuine only if it is exactly what its sender signed."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.ingest.signature import TOLERANCE, parse_secret
from functions.shared.errors import SignatureError

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
TIMESTAMP = str(int(NOW.timestamp()))
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
KEY = bytes(range(24))
OTHER_KEY = bytes(range(1, 33))

Headers = dict[str, str]


def whsec(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def standard(*keys: bytes) -> str:
    return json.dumps({"scheme": "standard-webhooks", "secrets": [whsec(key) for key in keys]})


def entry(
    key: bytes = KEY,
    *,
    id: str = ID,  # noqa: A002 - the standard's own word
    timestamp: str = TIMESTAMP,
    body: bytes = BODY,
) -> str:
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def signed(**changes: str) -> Headers:
    headers = {"svix-id": ID, "svix-timestamp": TIMESTAMP, "svix-signature": entry()}
    return headers | {f"svix-{name}": value for name, value in changes.items()}


def verify(headers: Headers, body: bytes = BODY, secret: str = standard(KEY)) -> str:
    return parse_secret(secret).verify(headers, body, NOW).delivery_id


def refusal(headers: Headers, body: bytes = BODY, secret: str = standard(KEY)) -> str:
    with pytest.raises(SignatureError) as refused:
        verify(headers, body, secret)
    return str(refused.value)


class TestStandardWebhooks:
    def test_a_genuine_delivery_gives_its_id(self) -> None:
        assert verify(signed()) == ID

    @pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"", b"\x00" * 1000])
    def test_a_body_is_bytes(self, body: bytes) -> None:
        assert verify(signed(signature=entry(body=body)), body) == ID

    @pytest.mark.parametrize(
        "beside",
        [
            pytest.param("garbage", id="no comma"),
            pytest.param("v1", id="a version alone"),
            pytest.param("v1,", id="nothing behind the comma"),
            pytest.param(",", id="a comma alone"),
            pytest.param("", id="a space too many"),
            pytest.param("v1,a", id="too short for base64"),
            pytest.param("v1,====", id="padding alone"),
            pytest.param("v1,YQ=", id="too little padding"),
            pytest.param("v1,YQ==YQ==", id="padding in the middle"),
            pytest.param("v1,\u00e9\ud800", id="beyond ASCII"),
            pytest.param("v1,a,b,c", id="commas"),
            pytest.param(f"v2,{'A' * 44}", id="another version"),
            pytest.param(f"v1a,{'A' * 88}", id="an asymmetric signature"),
            pytest.param(f"v1,{'A' * 43}=", id="a signature by another secret"),
            pytest.param("\t\r\n\x00", id="control characters"),
        ],
    )
    def test_no_entry_spoils_a_valid_one_beside_it(self, beside: str) -> None:
        assert verify(signed(signature=f"{beside} {entry()} {beside}")) == ID

    @pytest.mark.parametrize(
        "signature",
        [
            pytest.param(entry(OTHER_KEY), id="by another secret"),
            pytest.param(entry(body=b"{}"), id="of another body"),
            pytest.param(entry(id="msg_2"), id="of another id"),
            pytest.param(entry(timestamp="1714979290"), id="of another timestamp"),
            pytest.param(entry().replace("v1", "v2"), id="as another version"),
            pytest.param(entry().replace("v1", "V1"), id="version in upper case"),
            pytest.param(entry()[3:], id="without its version"),
            pytest.param(entry()[:-1], id="without its padding"),
            pytest.param(entry() + "=", id="with too much padding"),
            pytest.param(entry()[:20] + "!" + entry()[20:], id="with junk in it"),
            pytest.param(entry()[:20] + "\n" + entry()[20:], id="with a line's end in it"),
            pytest.param(entry() + "\n", id="with a line's end behind it"),
            pytest.param(entry().replace(",", ", "), id="with a space in it"),
            pytest.param(entry().replace(",", ";"), id="with a semicolon"),
            pytest.param(f"{entry()},{entry()}", id="twice, as a repeated header is joined"),
            pytest.param(f"{entry()}\t{entry()}", id="twice, with a tab between"),
            pytest.param("v1," + hmac.digest(KEY, BODY, sha256).hex(), id="in hex"),
            pytest.param("v1,", id="empty"),
            pytest.param(" ", id="blank"),
            pytest.param("v1," * 3000, id="long"),
        ],
    )
    def test_a_signature_that_does_not_match_is_refused(self, signature: str) -> None:
        assert refusal(signed(signature=signature)) == "no signature matches"

    def test_a_signature_written_with_other_spare_bits_is_refused(self) -> None:
        genuine = entry()
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        other = genuine[:-2] + alphabet[alphabet.index(genuine[-2]) + 1] + "="
        assert base64.b64decode(other[3:]) == base64.b64decode(genuine[3:])
        assert refusal(signed(signature=other)) == "no signature matches"

    @pytest.mark.parametrize(
        "timestamp",
        [
            f"{TIMESTAMP}.0",
            f"{TIMESTAMP}.9",
            f" {TIMESTAMP}",
            f"{TIMESTAMP} ",
            f"{TIMESTAMP}\n",
            f"+{TIMESTAMP}",
            f"-{TIMESTAMP}",
            f"0{TIMESTAMP}",
            f"{TIMESTAMP[0]}_{TIMESTAMP[1:]}",
            f"{TIMESTAMP},{TIMESTAMP}",
            "1.714979289e9",
            "0x6638812f9",
            "".join(chr(ord(digit) + 0xFEE0) for digit in TIMESTAMP),
            "".join(chr(ord(digit) + 0x630) for digit in TIMESTAMP),
            "².³",
            "nan",
            "inf",
            "hello",
            "0",
            "-1",
            "9" * 13,
            "9" * 5000,
            "2024-05-06T07:08:09Z",
            "\ud800",
            "\x00",
        ],
        ids=lambda timestamp: ascii(timestamp)[:40],
    )
    def test_a_timestamp_is_a_plain_positive_integer(self, timestamp: str) -> None:
        signature = f"{entry()} {entry(timestamp=timestamp.encode(errors='replace').decode())}"
        reason = refusal(signed(timestamp=timestamp, signature=signature))
        assert reason == "timestamp malformed"

    @pytest.mark.parametrize(
        "delivery_id",
        [
            pytest.param("msg_1.1714979289", id="a full stop"),
            pytest.param("msg 1", id="a space"),
            pytest.param("msg_1\n", id="a line's end"),
            pytest.param("msg\x00", id="NUL"),
            pytest.param("nachricht_ä", id="beyond ASCII"),
            pytest.param("\ud800", id="a lone surrogate"),
            pytest.param("\u202emsg", id="a right-to-left mark"),
            pytest.param("m" * 257, id="257 characters"),
        ],
    )
    def test_an_id_is_visible_ascii_without_full_stop(self, delivery_id: str) -> None:
        signature = entry(id=delivery_id.encode(errors="replace").decode())
        assert refusal(signed(id=delivery_id, signature=signature)) == "id header malformed"

    def test_one_signature_does_not_fit_two_readings_of_what_was_signed(self) -> None:
        body = f"{TIMESTAMP}.".encode() + BODY
        genuine = entry(body=body)
        assert verify(signed(signature=genuine), body) == ID
        moved = signed(id=f"{ID}.{TIMESTAMP}", signature=genuine)
        assert refusal(moved, BODY) == "id header malformed"

    @pytest.mark.parametrize("offset", [-TOLERANCE, timedelta(), TOLERANCE])
    def test_five_minutes_either_way_are_accepted(self, offset: timedelta) -> None:
        timestamp = str(int((NOW + offset).timestamp()))
        headers = signed(timestamp=timestamp, signature=entry(timestamp=timestamp))
        assert verify(headers) == ID

    @pytest.mark.parametrize(
        ("offset", "reason"),
        [
            (-TOLERANCE - timedelta(seconds=1), "timestamp too old"),
            (TOLERANCE + timedelta(seconds=1), "timestamp too new"),
        ],
    )
    def test_more_than_five_minutes_are_refused(self, offset: timedelta, reason: str) -> None:
        timestamp = str(int((NOW + offset).timestamp()))
        headers = signed(timestamp=timestamp, signature=entry(timestamp=timestamp))
        assert refusal(headers) == reason

    @pytest.mark.parametrize("part", ["id", "timestamp", "signature"])
    @pytest.mark.parametrize("family", ["svix", "webhook"])
    def test_an_empty_header_is_a_missing_one(self, family: str, part: str) -> None:
        headers = {name.replace("svix", family): value for name, value in signed().items()}
        headers[f"{family}-{part}"] = ""
        assert refusal(headers) == "signature headers missing"

    @pytest.mark.parametrize("part", ["id", "timestamp", "signature"])
    def test_headers_of_both_families_are_not_mixed(self, part: str) -> None:
        headers = signed()
        headers[f"webhook-{part}"] = headers.pop(f"svix-{part}")
        assert refusal(headers) == "signature headers missing"

    def test_svix_headers_come_before_webhook_ones(self) -> None:
        webhook = {name.replace("svix", "webhook"): value for name, value in signed().items()}
        assert refusal(webhook | signed(signature=entry(OTHER_KEY))) == "no signature matches"

    @pytest.mark.parametrize("signing", [KEY, OTHER_KEY])
    def test_every_configured_secret_is_valid(self, signing: bytes) -> None:
        headers = signed(signature=entry(signing))
        assert verify(headers, secret=standard(KEY, OTHER_KEY)) == ID

    def test_every_entry_is_tried_against_every_secret(self) -> None:
        headers = signed(signature=f"{entry(b'x' * 24)} {entry(OTHER_KEY)}")
        assert verify(headers, secret=standard(KEY, b"y" * 24, OTHER_KEY)) == ID

    def test_a_secret_that_was_taken_out_is_no_longer_valid(self) -> None:
        assert refusal(signed(), secret=standard(OTHER_KEY)) == "no signature matches"

    @given(id=st.text(), timestamp=st.text(), signature=st.text(), body=st.binary(max_size=64))
    def test_whatever_the_headers_hold_is_refused_and_no_fault(
        self,
        id: str,  # noqa: A002
        timestamp: str,
        signature: str,
        body: bytes,
    ) -> None:
        assert refusal(signed(id=id, timestamp=timestamp, signature=signature), body)

    @given(at=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
    def test_a_body_with_one_bit_changed_is_refused(self, at: int, bit: int) -> None:
        body = bytearray(BODY)
        body[at] ^= 1 << bit
        assert refusal(signed(), bytes(body)) == "no signature matches"


class TestHmacSha256:
    SECRET = "a secret of 16 +"
    DIGEST = hmac.digest(SECRET.encode(), BODY, sha256)
    DELIVERY_ID = f"sha256:{sha256(BODY).hexdigest()}"

    def secret(self, encoding: str = "hex", prefix: str = "", *others: str) -> str:
        return json.dumps(
            {
                "scheme": "hmac-sha256",
                "secrets": [self.SECRET, *others],
                "header": "X-Signature",
                "encoding": encoding,
                "prefix": prefix,
            }
        )

    @pytest.mark.parametrize(
        ("encoding", "prefix", "value"),
        [
            ("hex", "", DIGEST.hex()),
            ("hex", "", DIGEST.hex().upper()),
            ("hex", "sha256=", f"sha256={DIGEST.hex()}"),
            ("base64", "", base64.b64encode(DIGEST).decode()),
            ("base64", "v0:", f"v0:{base64.b64encode(DIGEST).decode()}"),
        ],
    )
    def test_a_genuine_delivery_gives_its_bodys_digest(
        self, encoding: str, prefix: str, value: str
    ) -> None:
        secret = self.secret(encoding, prefix)
        assert verify({"x-signature": value}, secret=secret) == self.DELIVERY_ID

    def test_every_configured_secret_is_valid(self) -> None:
        digest = hmac.digest(b"another of 16 ++", BODY, sha256).hex()
        secret = self.secret("hex", "", "another of 16 ++")
        assert verify({"x-signature": digest}, secret=secret) == self.DELIVERY_ID

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param(DIGEST.hex()[:-1], id="odd"),
            pytest.param(DIGEST.hex() + "\n", id="a line's end behind it"),
            pytest.param(" ".join(DIGEST.hex()), id="spaces"),
            pytest.param("sha256=" + DIGEST.hex(), id="an unexpected prefix"),
            pytest.param("0x" + DIGEST.hex(), id="0x"),
            pytest.param("٣" * 64, id="digits beyond ASCII"),
            pytest.param("\ud800", id="a lone surrogate"),
            pytest.param(f"{DIGEST.hex()},{DIGEST.hex()}", id="a repeated header, joined"),
        ],
    )
    def test_a_malformed_header_is_refused(self, value: str) -> None:
        assert refusal({"x-signature": value}, secret=self.secret()) == "no signature matches"

    @pytest.mark.parametrize("value", [DIGEST.hex(), "sha256", f"SHA256={DIGEST.hex()}"])
    def test_a_header_without_the_prefix_is_refused(self, value: str) -> None:
        reason = refusal({"x-signature": value}, secret=self.secret("hex", "sha256="))
        assert reason == "signature header without its prefix"

    def test_base64_is_compared_as_it_is_written(self) -> None:
        unpadded = base64.b64encode(self.DIGEST).decode().rstrip("=")
        reason = refusal({"x-signature": unpadded}, secret=self.secret("base64"))
        assert reason == "no signature matches"

    @pytest.mark.parametrize("headers", [{}, {"x-signature": ""}, {"signature": DIGEST.hex()}])
    def test_a_missing_header_is_refused(self, headers: Headers) -> None:
        assert refusal(headers, secret=self.secret()) == "signature header missing"

    @pytest.mark.parametrize("value", ["00" * 32, "", "00", DIGEST.hex()[:-2]])
    def test_another_digest_is_refused(self, value: str) -> None:
        secret = self.secret("hex", "sha256=")
        reason = refusal({"x-signature": f"sha256={value}"}, secret=secret)
        assert reason == "no signature matches"


class TestToken:
    TOKEN = "Bearer 0123456789abcdef"

    def secret(self, *tokens: str) -> str:
        return json.dumps(
            {"scheme": "token", "secrets": tokens or [self.TOKEN], "header": "Authorization"}
        )

    def test_the_token_gives_the_bodys_digest(self) -> None:
        digest = f"sha256:{sha256(BODY).hexdigest()}"
        assert verify({"authorization": self.TOKEN}, secret=self.secret()) == digest

    def test_every_configured_token_is_valid(self) -> None:
        secret = self.secret("another of 16 ++", self.TOKEN)
        assert verify({"authorization": self.TOKEN}, secret=secret)

    @pytest.mark.parametrize(
        "value",
        [
            TOKEN[:-1],
            TOKEN + " ",
            TOKEN.lower(),
            TOKEN.removeprefix("Bearer "),
            f"{TOKEN},{TOKEN}",
            "é",
            "\ud800",
            "x" * 10_000,
        ],
        ids=lambda value: ascii(value)[:40],
    )
    def test_anything_else_is_refused(self, value: str) -> None:
        assert refusal({"authorization": value}, secret=self.secret()) == "token does not match"

    @pytest.mark.parametrize("headers", [{}, {"authorization": ""}])
    def test_no_token_is_refused(self, headers: Headers) -> None:
        assert refusal(headers, secret=self.secret()) == "signature header missing"


class TestConfiguration:
    """What `configure` and ingest both refuse: there is one reading of the webhook secret."""

    def test_standard_webhooks_is_the_default_scheme(self) -> None:
        assert verify(signed(), secret=json.dumps({"secrets": [whsec(KEY)]})) == ID

    @pytest.mark.parametrize(
        ("secret", "fault"),
        [
            ({"secrets": []}, "secrets: the list is empty"),
            ({"secrets": [""]}, "configured: a signing secret must start with whsec_"),
            ({"secrets": [whsec(b"")]}, "configured: a signing secret must have at least 24"),
            ({"secrets": [whsec(bytes(23))]}, "configured: a signing secret must have at least 24"),
            ({"secrets": [whsec(KEY), whsec(bytes(23))]}, "secrets.1: a signing secret must have"),
            ({"secrets": ["whsec_" + "!" * 40]}, "configured: a signing secret must be base64"),
            ({"secrets": ["whsec_" + "ä" * 40]}, "configured: a signing secret must be base64"),
            ({"secrets": ["whsec_" + "A" * 41]}, "configured: a signing secret must be base64"),
            (
                {"secrets": ["whsec_" + "A" * 40 + "\n"]},
                "configured: a signing secret must be base64",
            ),
            ({"secrets": ["whsk_" + "A" * 40]}, "configured: a signing secret must start with"),
            ({"secrets": [None]}, "configured: a signing secret must start with"),
            ({"secrets": whsec(KEY)}, "secrets: expected a list"),
            ({}, "secrets: missing"),
            ({"scheme": "none", "secrets": ["x"]}, "its scheme is standard-webhooks, hmac"),
            ({"scheme": None, "secrets": ["x"]}, "its scheme is standard-webhooks, hmac"),
            ({"scheme": {}, "secrets": ["x"]}, "its scheme is standard-webhooks, hmac"),
            ([], "its scheme is standard-webhooks, hmac"),
            (None, "its scheme is standard-webhooks, hmac"),
        ],
        ids=lambda value: ascii(value)[:50],
    )
    def test_an_unusable_secret_refuses_every_delivery(self, secret: Any, fault: str) -> None:
        assert fault in refusal(signed(), secret=json.dumps(secret))

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"secrets": [""]}, "configured: a signing secret must have at least 16"),
            ({"secrets": ["x" * 15]}, "configured: a signing secret must have at least 16"),
            ({"secrets": [" " * 16]}, "configured: a signing secret must be visible ASCII"),
            ({"secrets": ["x" * 16 + "\n"]}, "configured: a signing secret must be visible ASCII"),
            ({"secrets": ["ä" * 16]}, "configured: a signing secret must be visible ASCII"),
            ({"secrets": []}, "secrets: the list is empty"),
            ({"header": ""}, "header: it is not the name of an HTTP header"),
            ({"header": "x y"}, "header: it is not the name of an HTTP header"),
            ({"header": "x:\r\ny"}, "header: it is not the name of an HTTP header"),
            ({"encoding": "rot13"}, "encoding: must be hex or base64"),
        ],
        ids=lambda value: ascii(value)[:50],
    )
    def test_an_unusable_hmac_secret_refuses_every_delivery(
        self, changes: dict[str, Any], fault: str
    ) -> None:
        usable = {
            "scheme": "hmac-sha256",
            "secrets": ["x" * 16],
            "header": "x-signature",
            "encoding": "hex",
        }
        assert fault in refusal({"x-signature": "00"}, secret=json.dumps(usable | changes))

    @pytest.mark.parametrize("text", ["", "null", "{", "whsec_", "[" * 100_000, "\ufeff{}", "NaN"])
    def test_what_is_no_secret_at_all_refuses_every_delivery(self, text: str) -> None:
        assert "no usable webhook secret is configured" in refusal(signed(), secret=text)

    @pytest.mark.parametrize(
        "secret",
        [
            pytest.param({"secrets": ["hunter2"]}, id="as a secret"),
            pytest.param({"secrets": "hunter2"}, id="instead of a list"),
            pytest.param({"scheme": "hunter2"}, id="as the scheme"),
            pytest.param({"hunter2": 1}, id="as a member's name"),
            pytest.param({"hunter2": "hunter2", "secrets": []}, id="as a member"),
            pytest.param("hunter2", id="alone"),
            pytest.param({"scheme": "token", "header": "hunter 2"}, id="as a header"),
            pytest.param(
                {"scheme": "hmac-sha256", "encoding": "hunter2", "prefix": ["hunter2"]},
                id="as an encoding",
            ),
        ],
    )
    def test_the_refusal_quotes_nothing_of_the_secret(self, secret: Any) -> None:
        reason = refusal(signed(), secret=json.dumps(secret))
        assert "hunter" not in reason
