"""Why the signature of a captured delivery does not verify.

Decided from the request, the webhook secret and the clock alone. The answer never contains any part
of a secret, nor a header's value: with the scheme `token` the header is the secret.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec.structs import replace

from cli.commands.set_up.doctor.bodies import likely_originals
from cli.commands.set_up.doctor.capture import Capture
from functions.ingest.http import Request
from functions.ingest.signature import (
    DELIVERY_ID,
    TIMESTAMP,
    TOLERANCE,
    V1_ENTRY,
    Encoding,
    HmacSha256,
    StandardWebhooks,
    Token,
    Verified,
    WebhookSecret,
    parse_secret,
)
from functions.run import event
from functions.run.display import lasted
from functions.shared.errors import SignatureError

_FAMILIES = ("svix", "webhook")
_PARTS = ("id", "timestamp", "signature")
_LAST_SECOND = int(datetime.max.replace(tzinfo=UTC).timestamp())
_MAY_SIGN = re.compile(r"sign|hmac|digest|token|secret|authorization")


class Cause(StrEnum):
    GENUINE = "it verifies"
    NO_SECRET = "no secret"  # noqa: S105 (the name of a cause)
    HEADER_MISSING = "header missing"
    MALFORMED = "malformed"
    WRONG_SCHEME = "wrong scheme"
    OTHER_WORKSPACE = "another workspace"
    CLOCK = "clock"
    CHANGED_BODY = "changed body"
    WRONG_SECRET = "wrong secret"  # noqa: S105 (likewise)
    WRONG_SECRET_OR_BODY = "wrong secret or changed body"  # noqa: S105 (likewise)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    cause: Cause
    detail: str
    advice: str = ""


def diagnose(capture: Capture, secret: str, previous: str | None, now: datetime) -> Diagnosis:
    """`secret` is the webhook secret's JSON, `previous` its value before the last change."""
    try:
        scheme = parse_secret(secret)
    except SignatureError as e:
        return Diagnosis(Cause.NO_SECRET, str(e), "Store it: bolt-archive configure webhook")
    request = capture.request
    if verified := _verified(scheme, request, capture.received_at or now):
        return _genuine(verified, request)
    if fault := _header_fault(scheme, request):
        return fault
    signed_at = _signed_at(scheme, request, now)
    if _verifies(scheme, request, signed_at):
        return _clock(signed_at, capture.received_at, now)
    return _mismatch(scheme, request, previous, signed_at)


def _verified(scheme: WebhookSecret, request: Request, at: datetime) -> Verified | None:
    try:
        return scheme.verify(request.headers, request.body, at)
    except SignatureError:
        return None


def _verifies(scheme: WebhookSecret, request: Request, at: datetime) -> bool:
    return _verified(scheme, request, at) is not None


def _genuine(verified: Verified, request: Request) -> Diagnosis:
    uid = event.workspace_uid(request.body)
    if uid is None or verified.speaks_for(uid):
        return Diagnosis(Cause.GENUINE, "The signature and its timestamp are valid.")
    return Diagnosis(
        Cause.OTHER_WORKSPACE,
        f"The signature is valid, but its secret does not speak for workspace {uid}.",
        "If it should: bolt-archive configure webhook --add --workspace UID, with that secret and "
        "all workspaces that it speaks for.",
    )


def _header_fault(scheme: WebhookSecret, request: Request) -> Diagnosis | None:
    match scheme:
        case StandardWebhooks():
            return _standard_fault(request.headers)
        case HmacSha256():
            return _missing(scheme, request.headers) or _hmac_fault(scheme, request)
        case Token():
            return _missing(scheme, request.headers)


def _standard_fault(headers: Mapping[str, str]) -> Diagnosis | None:
    found = {family: [p for p in _PARTS if headers.get(f"{family}-{p}")] for family in _FAMILIES}
    family = max(_FAMILIES, key=lambda family: len(found[family]))
    if not found[family]:
        if others := _may_sign(headers):
            return Diagnosis(
                Cause.WRONG_SCHEME,
                "It has none of the svix-* or webhook-* headers of the scheme standard-webhooks, "
                f"but these may hold a signature of another scheme: {', '.join(others)}.",
                "Set the scheme: bolt-archive configure webhook --scheme …",
            )
        return _headers_missing([f"svix-{part}" for part in _PARTS])
    if missing := [f"{family}-{part}" for part in _PARTS if part not in found[family]]:
        return _headers_missing(missing)
    if not TIMESTAMP.fullmatch(headers[f"{family}-timestamp"]):
        return _malformed(f"{family}-timestamp is not a number of seconds since 1970")
    if not DELIVERY_ID.fullmatch(headers[f"{family}-id"]):
        return _malformed(
            f"{family}-id is not 1 to 256 printable ASCII characters without a period"
        )
    if not any(map(V1_ENTRY.fullmatch, headers[f"{family}-signature"].split(" "))):
        return _malformed(
            f"{family}-signature has no entry such as v1,<base64 of 32 bytes>; entries are "
            "separated by one space"
        )
    return None


def _missing(scheme: HmacSha256 | Token, headers: Mapping[str, str]) -> Diagnosis | None:
    if headers.get(scheme.header):
        return None
    if any(headers.get(f"{family}-signature") for family in _FAMILIES):
        return Diagnosis(
            Cause.WRONG_SCHEME,
            f"The stored scheme is {scheme.scheme}, but the delivery is signed with "
            "standard-webhooks.",
            "Set it: bolt-archive configure webhook --scheme standard-webhooks",
        )
    if others := _may_sign(headers):
        return Diagnosis(
            Cause.WRONG_SCHEME,
            f"It has no header {scheme.header}, but these may hold a signature: "
            f"{', '.join(others)}.",
            f"Set it: bolt-archive configure webhook --scheme {scheme.scheme} --header …",
        )
    return _headers_missing([scheme.header])


def _hmac_fault(scheme: HmacSha256, request: Request) -> Diagnosis | None:
    """The header is present: is it written as the scheme expects?"""
    for encoding in ("hex", "base64"):
        for prefix in {scheme.prefix, "", "sha256=", "v1="}:
            if (encoding, prefix) == (scheme.encoding, scheme.prefix):
                continue
            other = replace(scheme, encoding=Encoding(encoding), prefix=prefix)
            if _verifies(other, request, datetime.now(UTC)):
                return Diagnosis(
                    Cause.WRONG_SCHEME,
                    f"The signature is valid, but not written as configured: encoding {encoding}, "
                    f"prefix {prefix or 'none'}.",
                    f"Set this: bolt-archive configure webhook --scheme hmac-sha256 --header "
                    f"{scheme.header} --encoding {encoding} --prefix '{prefix}'",
                )
    value = request.headers[scheme.header]
    size = 64 if scheme.encoding == "hex" else 44
    if not value.startswith(scheme.prefix) or len(value) - len(scheme.prefix) != size:
        return _malformed(
            f"{scheme.header} is not {size} characters of {scheme.encoding}"
            + (f" after the prefix {scheme.prefix}" if scheme.prefix else "")
        )
    return None


def _mismatch(
    scheme: WebhookSecret, request: Request, previous: str | None, signed_at: datetime
) -> Diagnosis:
    if isinstance(scheme, Token):
        return _previous_secret(scheme, request, previous, signed_at) or Diagnosis(
            Cause.WRONG_SECRET,
            f"The value of {scheme.header} is not the stored token.",
            "Store the endpoint's token: bolt-archive configure webhook",
        )
    for what, original in likely_originals(request.body):
        if _verifies(scheme, Request(request.headers, original), signed_at):
            return Diagnosis(
                Cause.CHANGED_BODY,
                f"The secret is right, but the body was changed in transit: {what}.",
                "The signature covers the bytes as they were sent. Nothing between Paradime and "
                "the webhook, nor the capture, may rewrite them.",
            )
    if earlier := _previous_secret(scheme, request, previous, signed_at):
        return earlier
    announced = request.headers.get("content-length", "")
    made = f"No stored signing secret ({len(scheme.secrets)} tried) made this signature"
    if not announced.isdigit():
        return Diagnosis(
            Cause.WRONG_SECRET_OR_BODY,
            f"{made}. The secret is wrong or the body was changed: without a content-length in the "
            "capture this cannot be decided.",
            "Capture it with all headers, and compare the stored secret with the signing secret of "
            "this endpoint in Paradime: bolt-archive configure webhook",
        )
    if int(announced) != len(request.body):
        return Diagnosis(
            Cause.CHANGED_BODY,
            f"The body has {len(request.body):,} bytes, but {int(announced):,} were sent.",
            "Nothing between Paradime and the webhook, nor the capture, may change the body.",
        )
    return Diagnosis(
        Cause.WRONG_SECRET,
        f"{made}, and the body has the length that was sent.",
        "Store the signing secret of this endpoint in Paradime: bolt-archive configure webhook",
    )


def _previous_secret(
    scheme: WebhookSecret, request: Request, previous: str | None, signed_at: datetime
) -> Diagnosis | None:
    """Paradime may still sign with the secret that was stored before."""
    try:
        earlier = None if previous is None else parse_secret(previous)
    except SignatureError:
        return None
    if earlier is None or not _verifies(earlier, request, signed_at):
        return None
    return Diagnosis(
        Cause.WRONG_SECRET,
        "It is signed with the secret that was stored before the last change.",
        "Paradime still uses the earlier secret; add it back: bolt-archive configure webhook --add",
    )


def _clock(signed_at: datetime, received_at: datetime | None, now: datetime) -> Diagnosis:
    apart = signed_at - (received_at or now)
    when = "it was received" if received_at else "now"
    which = "after" if apart > timedelta() else "before"
    distance, allowed = lasted(abs(apart).total_seconds()), lasted(TOLERANCE.total_seconds())
    return Diagnosis(
        Cause.CLOCK,
        f"The signature is valid, but was made {distance} {which} {when}; at most {allowed} is "
        "allowed.",
        "The delivery was delayed, or replayed by somebody else, or one of the two clocks is wrong."
        if received_at
        else "If it arrived in time and was captured earlier, add received_at to the file.",
    )


def _signed_at(scheme: WebhookSecret, request: Request, now: datetime) -> datetime:
    if not isinstance(scheme, StandardWebhooks):
        return now
    texts = [request.headers.get(f"{family}-timestamp", "") for family in _FAMILIES]
    second = next(int(text) for text in texts if TIMESTAMP.fullmatch(text))
    return datetime.fromtimestamp(min(second, _LAST_SECOND), UTC)


def _may_sign(headers: Mapping[str, str]) -> list[str]:
    return sorted(name for name in headers if _MAY_SIGN.search(name))


def _headers_missing(names: list[str]) -> Diagnosis:
    return Diagnosis(
        Cause.HEADER_MISSING,
        f"Missing from the request: {', '.join(names)}.",
        "It did not come from Paradime, or something in transit, or the capture, dropped them.",
    )


def _malformed(fault: str) -> Diagnosis:
    return Diagnosis(
        Cause.MALFORMED, f"{fault}.", "No sender that uses this scheme writes it like this."
    )
