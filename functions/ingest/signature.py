"""Is a delivery shown to come from Paradime? Decided over its raw bytes, before any parsing.

Three schemes, chosen by `scheme` in the webhook secret:

- `standard-webhooks`: https://github.com/standard-webhooks/standard-webhooks, which Svix's
  senders follow as well with `svix-*` for `webhook-*` in the names of the headers.
- `hmac-sha256`: an HMAC over the body in one header.
- `token`: the shared secret itself in one header.

The package `standardwebhooks` does the arithmetic. Its own `verify` is not used: it raises
undocumented errors for malformed entries, even with a valid one beside them, takes timestamps
and base64 that are not well-formed, and knows neither bytes nor the `svix-*` names.

`docs/security.md` lists what is refused although that package would take it.
"""

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import ErrorDetails
from standardwebhooks.webhooks import hmac_data

from functions.shared.errors import SignatureError

TOLERANCE = timedelta(minutes=5)
PREFIX = "whsec_"
MIN_KEY_BYTES = 24
MIN_SECRET_CHARACTERS = 16

_STANDARD = ("id", "timestamp", "signature")
TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
# Visible ASCII but for the full stop, which ends the id in what is signed: with one in the id,
# the same signature would also fit another id, timestamp and body.
DELIVERY_ID = re.compile(r"[!-\-/-~]{1,256}", re.ASCII)
V1_ENTRY = re.compile(r"v1,([A-Za-z0-9+/]{43}=)", re.ASCII)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


def _signing_key(secret: object) -> bytes:
    if not isinstance(secret, str) or not secret.startswith(PREFIX):
        raise ValueError(f"a signing secret is text that starts with {PREFIX}")
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise ValueError(f"a signing secret is base64 after {PREFIX}") from None
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"a signing secret has at least {MIN_KEY_BYTES} bytes")
    return key


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("this is no name of an HTTP header")
    return name.lower()


SigningKey = Annotated[bytes, BeforeValidator(_signing_key)]
# What a header can carry: a secret that was stored with a line's end behind it never matches.
SharedSecret = Annotated[
    str, StringConstraints(min_length=MIN_SECRET_CHARACTERS, pattern=r"^[!-~][ -~]*[!-~]$")
]
HeaderName = Annotated[str, AfterValidator(_header_name)]


class _Scheme(BaseModel):
    # Without the input in its errors: a validation error must not quote a secret.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class StandardWebhooks(_Scheme):
    scheme: Literal["standard-webhooks"] = "standard-webhooks"
    secrets: Annotated[tuple[SigningKey, ...], Field(min_length=1)]

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        delivery_id, timestamp, entries = _standard_headers(headers)
        sent_at = float(timestamp)
        if sent_at < (now - TOLERANCE).timestamp():
            raise SignatureError("timestamp too old")
        if sent_at > (now + TOLERANCE).timestamp():
            raise SignatureError("timestamp too new")
        signed = f"{delivery_id}.{timestamp}.".encode() + body
        expected = [base64.b64encode(hmac_data(key, signed)) for key in self.secrets]
        if not _any_equal(expected, _v1_signatures(entries)):
            raise SignatureError("no signature matches")
        return delivery_id


class HmacSha256(_Scheme):
    scheme: Literal["hmac-sha256"]
    secrets: Annotated[tuple[SharedSecret, ...], Field(min_length=1)]
    header: HeaderName
    encoding: Literal["hex", "base64"]
    prefix: str = ""

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        text = _header(headers, self.header)
        if not text.startswith(self.prefix):
            raise SignatureError("signature header without its prefix")
        given = _bytes(text.removeprefix(self.prefix))
        digests = [hmac_data(secret.encode(), body) for secret in self.secrets]
        if self.encoding == "hex":
            expected, given = [digest.hex().encode() for digest in digests], given.lower()
        else:
            expected = [base64.b64encode(digest) for digest in digests]
        if not _any_equal(expected, [given]):
            raise SignatureError("no signature matches")
        return _digest_id(body)


class Token(_Scheme):
    scheme: Literal["token"]
    secrets: Annotated[tuple[SharedSecret, ...], Field(min_length=1)]
    header: HeaderName

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        given = _bytes(_header(headers, self.header))
        if not _any_equal([secret.encode() for secret in self.secrets], [given]):
            raise SignatureError("token does not match")
        return _digest_id(body)


WebhookSecret = StandardWebhooks | HmacSha256 | Token


def _scheme(secret: object) -> str | None:
    scheme = secret.get("scheme", "standard-webhooks") if isinstance(secret, dict) else None
    return scheme if isinstance(scheme, str) else None


_webhook_secret: TypeAdapter[WebhookSecret] = TypeAdapter(
    Annotated[
        Annotated[StandardWebhooks, Tag("standard-webhooks")]
        | Annotated[HmacSha256, Tag("hmac-sha256")]
        | Annotated[Token, Tag("token")],
        Discriminator(
            _scheme,
            custom_error_type="scheme",
            custom_error_message="its scheme is standard-webhooks, hmac-sha256 or token",
        ),
    ]
)


def parse_secret(text: str) -> WebhookSecret:
    """Reads the webhook secret's JSON; `verify` of what it returns gives the delivery's id.

    Where the scheme has no delivery id, the id is the body's digest.

    Raises:
        SignatureError: there is no usable secret; nothing of it is quoted. `verify` raises it
            for every delivery that is not genuine, whatever is in it.
    """
    try:
        return _webhook_secret.validate_json(text)
    except ValidationError as e:
        faults = "; ".join(_describe(fault) for fault in e.errors(include_input=False))
        raise SignatureError(f"no usable webhook secret is configured: {faults}") from None


def _describe(fault: ErrorDetails) -> str:
    """The fault without the scheme's name, nor an unknown member's: that could be a secret."""
    if fault["type"] == "extra_forbidden":
        return "it has a member that its scheme does not know"
    where = ".".join(str(step) for step in fault["loc"][1:])
    return f"{where}: {fault['msg']}" if where else fault["msg"]


def _standard_headers(headers: Mapping[str, str]) -> tuple[str, str, str]:
    # One family or the other, never a mixture; the Svix libraries too look at svix-* first.
    family = "svix" if any(f"svix-{name}" in headers for name in _STANDARD) else "webhook"
    delivery_id, timestamp, signatures = (headers.get(f"{family}-{n}", "") for n in _STANDARD)
    if not (delivery_id and timestamp and signatures):
        raise SignatureError("signature headers missing")
    if not DELIVERY_ID.fullmatch(delivery_id):
        raise SignatureError("id header malformed")
    if not TIMESTAMP.fullmatch(timestamp):
        raise SignatureError("timestamp malformed")
    return delivery_id, timestamp, signatures


def _v1_signatures(entries: str) -> list[bytes]:
    """All well-formed `v1` entries; others may stand beside them and spoil nothing."""
    matches = map(V1_ENTRY.fullmatch, entries.split(" "))
    return [match[1].encode() for match in matches if match]


def _header(headers: Mapping[str, str], name: str) -> str:
    if not (value := headers.get(name, "")):
        raise SignatureError("signature header missing")
    return value


def _any_equal(expected: list[bytes], given: list[bytes]) -> bool:
    """Compares all pairs, each in constant time and none left out after a match.

    What is expected is encoded rather than what is given decoded: so nothing given can be
    malformed, and of the many ways to write the same bytes in base64 only the proper one matches.
    """
    matches = [hmac.compare_digest(one, other) for one in expected for other in given]
    return any(matches)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _digest_id(body: bytes) -> str:
    return f"sha256:{sha256(body).hexdigest()}"
