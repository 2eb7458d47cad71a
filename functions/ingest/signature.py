"""Is a delivery shown to come from Paradime? Decided over its raw bytes, before any parsing.

Three schemes, chosen by `scheme` in the webhook secret:

- `standard-webhooks`: https://github.com/standard-webhooks/standard-webhooks, which Svix's
  senders follow as well with `svix-*` for `webhook-*` in the names of the headers.
- `hmac-sha256`: an HMAC over the body in one header.
- `token`: the shared secret itself in one header.

An entry of `secrets` is a secret, which speaks for all workspaces, or
`{"secret": …, "workspaces": ["<uid>", …]}`, which speaks for these only.

The package `standardwebhooks` does the arithmetic. Its own `verify` is not used: it raises
undocumented errors for malformed entries, even with a valid one beside them, takes timestamps
and base64 that are not well-formed, and knows neither bytes nor the `svix-*` names.

`docs/security.md` lists what is refused although that package would take it.
"""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Self

from msgspec import Meta, Struct
from standardwebhooks.webhooks import hmac_data

from functions.run.fields import WorkspaceUid
from functions.shared.errors import NotUnderstoodError, SignatureError
from functions.shared.read_json import Reader, convert

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
_HEADER_VALUE = re.compile(r"[!-~][ -~]*[!-~]", re.ASCII)


class _Bound(Struct, frozen=True):
    workspaces: Annotated[frozenset[WorkspaceUid], Meta(min_length=1)]


def _entry(given: object) -> tuple[object, frozenset[str] | None]:
    """An entry's secret, and the workspaces that it speaks for: None if for all."""
    if not isinstance(given, dict):
        return given, None
    if given.keys() != {"secret", "workspaces"}:
        raise ValueError("an entry is a signing secret, or has the members secret and workspaces")
    try:
        return given["secret"], convert(given, _Bound).workspaces
    except NotUnderstoodError:
        raise ValueError("the workspaces of a signing secret are a list of their uids") from None


class SigningKey(bytes):
    """What signs, of a signing secret in the form of the standard."""

    workspaces: frozenset[str] | None

    @classmethod
    def from_json(cls, given: object) -> Self:
        secret, workspaces = _entry(given)
        if not isinstance(secret, str) or not secret.startswith(PREFIX):
            raise ValueError(f"a signing secret must start with {PREFIX}")
        text = secret.removeprefix(PREFIX)
        try:
            key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except ValueError:
            raise ValueError(f"a signing secret must be base64 after {PREFIX}") from None
        if len(key) < MIN_KEY_BYTES:
            raise ValueError(f"a signing secret must have at least {MIN_KEY_BYTES} bytes")
        signing = cls(key)
        signing.workspaces = workspaces
        return signing


class SharedSecret(str):
    """What a header can carry: with a line's end behind it, it would never match."""

    workspaces: frozenset[str] | None

    @classmethod
    def from_json(cls, given: object) -> Self:
        secret, workspaces = _entry(given)
        if not isinstance(secret, str) or len(secret) < MIN_SECRET_CHARACTERS:
            raise ValueError(
                f"a signing secret must have at least {MIN_SECRET_CHARACTERS} characters"
            )
        if not _HEADER_VALUE.fullmatch(secret):
            raise ValueError(
                "a signing secret must be visible ASCII characters, with blanks only between them"
            )
        shared = cls(secret)
        shared.workspaces = workspaces
        return shared


class Verified(Struct, frozen=True):
    """A genuine delivery; `workspaces` are those that it may be about, None if it may be any."""

    delivery_id: str
    workspaces: frozenset[str] | None

    def speaks_for(self, workspace_uid: str) -> bool:
        return self.workspaces is None or workspace_uid in self.workspaces


class HeaderName(str):
    """In lower case, as an HTTP API hands headers over."""

    __slots__ = ()

    @classmethod
    def from_json(cls, name: object) -> Self:
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise ValueError("it is not the name of an HTTP header")
        return cls(name.lower())


class Encoding(str):
    """`hex` or `base64`."""

    __slots__ = ()

    @classmethod
    def from_json(cls, name: object) -> Self:
        if name not in ("hex", "base64"):
            raise ValueError("must be hex or base64")
        return cls(name)


class _Scheme(Struct, frozen=True, kw_only=True):
    scheme: ClassVar[str]
    secrets: tuple[SigningKey, ...] | tuple[SharedSecret, ...]

    def __post_init__(self) -> None:
        if not self.secrets:
            raise ValueError("secrets: the list is empty")


class StandardWebhooks(_Scheme, frozen=True, kw_only=True):
    scheme = "standard-webhooks"
    secrets: tuple[SigningKey, ...]

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Verified:
        delivery_id, timestamp, entries = _standard_headers(headers)
        sent_at = float(timestamp)
        if sent_at < (now - TOLERANCE).timestamp():
            raise SignatureError("timestamp too old")
        if sent_at > (now + TOLERANCE).timestamp():
            raise SignatureError("timestamp too new")
        signed = f"{delivery_id}.{timestamp}.".encode() + body
        expected = [base64.b64encode(hmac_data(key, signed)) for key in self.secrets]
        matching = _matching(self.secrets, expected, _v1_signatures(entries))
        if not matching:
            raise SignatureError("no signature matches")
        return Verified(delivery_id, _workspaces(matching))


class HmacSha256(_Scheme, frozen=True, kw_only=True):
    scheme = "hmac-sha256"
    secrets: tuple[SharedSecret, ...]
    header: HeaderName
    encoding: Encoding
    prefix: str = ""

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Verified:
        text = _header(headers, self.header)
        if not text.startswith(self.prefix):
            raise SignatureError("signature header without its prefix")
        given = _bytes(text.removeprefix(self.prefix))
        digests = [hmac_data(secret.encode(), body) for secret in self.secrets]
        if self.encoding == "hex":
            expected, given = [digest.hex().encode() for digest in digests], given.lower()
        else:
            expected = [base64.b64encode(digest) for digest in digests]
        if not (matching := _matching(self.secrets, expected, [given])):
            raise SignatureError("no signature matches")
        return Verified(_digest_id(body), _workspaces(matching))


class Token(_Scheme, frozen=True, kw_only=True):
    scheme = "token"
    secrets: tuple[SharedSecret, ...]
    header: HeaderName

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Verified:
        given = _bytes(_header(headers, self.header))
        expected = [secret.encode() for secret in self.secrets]
        if not (matching := _matching(self.secrets, expected, [given])):
            raise SignatureError("token does not match")
        return Verified(_digest_id(body), _workspaces(matching))


WebhookSecret = StandardWebhooks | HmacSha256 | Token


SCHEMES: dict[str, type[WebhookSecret]] = {
    model.scheme: model for model in (StandardWebhooks, HmacSha256, Token)
}
_JSON: Reader[Any] = Reader(Any)


def parse_secret(text: str) -> WebhookSecret:
    """Reads the webhook secret's JSON; `verify` of what it returns judges a delivery.

    Where the scheme has no delivery id, the id is the body's digest.

    Raises:
        SignatureError: there is no usable secret; nothing of it is quoted. `verify` raises it
            for every delivery that is not genuine, whatever is in it.
    """
    try:
        return check_secret(text)
    except NotUnderstoodError as e:
        raise SignatureError(f"no usable webhook secret is configured: {e}") from None


def check_secret(text: str) -> WebhookSecret:
    """The same, for whoever is about to store it.

    Raises:
        NotUnderstoodError: it is of no use; nothing of it is quoted.
    """
    given = _JSON.read(text)
    scheme = given.get("scheme", StandardWebhooks.scheme) if isinstance(given, dict) else None
    model = SCHEMES.get(scheme) if isinstance(scheme, str) else None
    if model is None:
        *names, last = SCHEMES
        raise NotUnderstoodError(f"its scheme is {', '.join(names)} or {last}")
    if given.keys() - {"scheme", *model.__struct_fields__}:
        # Not by its name, which could be a secret in the wrong place.
        raise NotUnderstoodError("it has a member that does not belong to its scheme")
    try:
        return convert(given, model)
    except NotUnderstoodError as e:
        said = str(e)
        match given:
            case {"secrets": [_]}:  # of a single one nobody asks which
                said = said.removeprefix("secrets.0: ")
        raise NotUnderstoodError(said) from None


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


def _matching(
    secrets: Sequence[SigningKey | SharedSecret], expected: Sequence[bytes], given: list[bytes]
) -> list[SigningKey | SharedSecret]:
    """The secrets for which what is expected was given; none is left out after a match."""
    return [
        secret for secret, one in zip(secrets, expected, strict=True) if _any_equal([one], given)
    ]


def _workspaces(secrets: Sequence[SigningKey | SharedSecret]) -> frozenset[str] | None:
    """The workspaces that any of these secrets speaks for."""
    workspaces: frozenset[str] = frozenset()
    for secret in secrets:
        if secret.workspaces is None:
            return None
        workspaces |= secret.workspaces
    return workspaces


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
