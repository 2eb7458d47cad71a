"""Why the signature of a captured delivery does not verify.

Decided from the request, the webhook secret and the clock alone. Nothing of a secret, and no value
of a header, is in what is said: with the scheme `token` the header is the secret.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cli.commands.set_up.doctor.bodies import likely_originals
from cli.commands.set_up.doctor.capture import Capture
from functions.ingest.http import Request
from functions.ingest.signature import (
    DELIVERY_ID,
    TIMESTAMP,
    TOLERANCE,
    V1_ENTRY,
    HmacSha256,
    StandardWebhooks,
    Token,
    WebhookSecret,
    parse_secret,
)
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
    CLOCK = "clock"
    CHANGED_BODY = "changed body"
    WRONG_SECRET = "wrong secret"  # noqa: S105 (likewise)
    WRONG_SECRET_OR_BODY = "wrong secret or changed body"  # noqa: S105 (likewise)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    cause: Cause
    said: str
    advice: str = ""


def diagnose(capture: Capture, secret: str, previous: str | None, now: datetime) -> Diagnosis:
    """`secret` is the webhook secret's JSON, `previous` what it was before it was last stored."""
    try:
        scheme = parse_secret(secret)
    except SignatureError as e:
        return Diagnosis(Cause.NO_SECRET, str(e), "Store it: bolt-archive configure webhook")
    request = capture.request
    if _verifies(scheme, request, capture.received_at or now):
        return Diagnosis(Cause.GENUINE, "The signature is right, and its time as well.")
    if fault := _header_fault(scheme, request):
        return fault
    signed_at = _signed_at(scheme, request, now)
    if _verifies(scheme, request, signed_at):
        return _clock(signed_at, capture.received_at, now)
    return _mismatch(scheme, request, previous, signed_at)


def _verifies(scheme: WebhookSecret, request: Request, at: datetime) -> bool:
    try:
        scheme.verify(request.headers, request.body, at)
    except SignatureError:
        return False
    return True


def _header_fault(scheme: WebhookSecret, request: Request) -> Diagnosis | None:
    match scheme:
        case StandardWebhooks():
            return _standard_fault(request.headers)
        case HmacSha256():
            return _missing(scheme, request.headers) or _hmac_fault(scheme, request)
        case Token():
            return _missing(scheme, request.headers)


def _standard_fault(headers: Mapping[str, str]) -> Diagnosis | None:
    there = {family: [p for p in _PARTS if headers.get(f"{family}-{p}")] for family in _FAMILIES}
    family = max(_FAMILIES, key=lambda family: len(there[family]))
    if not there[family]:
        if others := _may_sign(headers):
            return Diagnosis(
                Cause.WRONG_SCHEME,
                "It has none of the svix-* or webhook-* headers of the scheme standard-webhooks, "
                f"but what may be a signature of another scheme: {', '.join(others)}.",
                "Name the scheme: bolt-archive configure webhook --scheme …",
            )
        return _headers_missing([f"svix-{part}" for part in _PARTS])
    if missing := [f"{family}-{part}" for part in _PARTS if part not in there[family]]:
        return _headers_missing(missing)
    if not TIMESTAMP.fullmatch(headers[f"{family}-timestamp"]):
        return _malformed(f"{family}-timestamp is not a number of seconds since 1970")
    if not DELIVERY_ID.fullmatch(headers[f"{family}-id"]):
        return _malformed(
            f"{family}-id is not 1 to 256 visible ASCII characters without a full stop"
        )
    if not any(map(V1_ENTRY.fullmatch, headers[f"{family}-signature"].split(" "))):
        return _malformed(
            f"{family}-signature has no entry such as v1,<base64 of 32 bytes>; entries stand "
            "apart by one space"
        )
    return None


def _missing(scheme: HmacSha256 | Token, headers: Mapping[str, str]) -> Diagnosis | None:
    if headers.get(scheme.header):
        return None
    if any(headers.get(f"{family}-signature") for family in _FAMILIES):
        return Diagnosis(
            Cause.WRONG_SCHEME,
            f"The scheme {scheme.scheme} is stored, and the delivery is signed in the scheme "
            "standard-webhooks.",
            "Name it: bolt-archive configure webhook --scheme standard-webhooks",
        )
    if others := _may_sign(headers):
        return Diagnosis(
            Cause.WRONG_SCHEME,
            f"It has no header {scheme.header}, but what may be a signature: {', '.join(others)}.",
            f"Name it: bolt-archive configure webhook --scheme {scheme.scheme} --header …",
        )
    return _headers_missing([scheme.header])


def _hmac_fault(scheme: HmacSha256, request: Request) -> Diagnosis | None:
    """Its one header is there: written as the scheme has it?"""
    for encoding in ("hex", "base64"):
        for prefix in {scheme.prefix, "", "sha256=", "v1="}:
            if (encoding, prefix) == (scheme.encoding, scheme.prefix):
                continue
            other = scheme.model_copy(update={"encoding": encoding, "prefix": prefix})
            if _verifies(other, request, datetime.now(UTC)):
                return Diagnosis(
                    Cause.WRONG_SCHEME,
                    f"The signature is right, but written otherwise than the scheme has it: "
                    f"encoding {encoding}, prefix {prefix or 'none'}.",
                    f"Name it: bolt-archive configure webhook --scheme hmac-sha256 --header "
                    f"{scheme.header} --encoding {encoding} --prefix '{prefix}'",
                )
    value = request.headers[scheme.header]
    size = 64 if scheme.encoding == "hex" else 44
    if not value.startswith(scheme.prefix) or len(value) - len(scheme.prefix) != size:
        return _malformed(
            f"{scheme.header} is not {scheme.prefix or 'nothing'} and then {size} characters of "
            f"{scheme.encoding}"
        )
    return None


def _mismatch(
    scheme: WebhookSecret, request: Request, previous: str | None, signed_at: datetime
) -> Diagnosis:
    if isinstance(scheme, Token):
        return _before(scheme, request, previous, signed_at) or Diagnosis(
            Cause.WRONG_SECRET,
            f"What {scheme.header} holds is not what is stored.",
            "Store the endpoint's token: bolt-archive configure webhook",
        )
    for what, original in likely_originals(request.body):
        if _verifies(scheme, Request(request.headers, original), signed_at):
            return Diagnosis(
                Cause.CHANGED_BODY,
                f"The secret is right, and the body was changed on its way: {what}.",
                "The signature is over the bytes that were sent. Let nothing between Paradime and "
                "the webhook rewrite them, or capture them as they come.",
            )
    if earlier := _before(scheme, request, previous, signed_at):
        return earlier
    announced = request.headers.get("content-length", "")
    made = f"No stored signing secret ({len(scheme.secrets)} there) made this signature"
    if not announced.isdigit():
        return Diagnosis(
            Cause.WRONG_SECRET_OR_BODY,
            f"{made} over this body, and the capture has no content-length that would tell which.",
            "Capture it with all its headers, and compare the signing secret with the one that "
            "this very endpoint has in Paradime: bolt-archive configure webhook",
        )
    if int(announced) != len(request.body):
        return Diagnosis(
            Cause.CHANGED_BODY,
            f"The body has {len(request.body):,} bytes, and {int(announced):,} were sent.",
            "Let nothing between Paradime and the webhook rewrite the body, or capture it whole.",
        )
    return Diagnosis(
        Cause.WRONG_SECRET,
        f"{made}, and the body has the length that was sent.",
        "Copy the signing secret of this very endpoint in Paradime: bolt-archive configure webhook",
    )


def _before(
    scheme: WebhookSecret, request: Request, previous: str | None, signed_at: datetime
) -> Diagnosis | None:
    """The secret that was stored before may be the one that Paradime still signs with."""
    try:
        earlier = None if previous is None else parse_secret(previous)
    except SignatureError:
        return None
    if earlier is None or not _verifies(earlier, request, signed_at):
        return None
    return Diagnosis(
        Cause.WRONG_SECRET,
        "It is signed with what was stored before the secret was last changed.",
        "Paradime signs with the earlier secret still: bolt-archive configure webhook --add",
    )


def _clock(signed_at: datetime, received_at: datetime | None, now: datetime) -> Diagnosis:
    apart = signed_at - (received_at or now)
    when = "it was received" if received_at else "now"
    which = "after" if apart > timedelta() else "before"
    return Diagnosis(
        Cause.CLOCK,
        f"The signature is right, but was made {_span(abs(apart))} {which} {when}; "
        f"{_span(TOLERANCE)} are allowed.",
        "A delivery that was held up or sent again by somebody else; else one of the two clocks is "
        "wrong."
        if received_at
        else "If it came in time and was captured earlier, say so in the file: received_at.",
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
        f"Not in the request: {', '.join(names)}.",
        "It did not come from Paradime, or something on its way, or the capture, dropped them.",
    )


def _malformed(said: str) -> Diagnosis:
    return Diagnosis(Cause.MALFORMED, f"{said}.", "No sender of this scheme writes it so.")


def _span(span: timedelta) -> str:
    return str(timedelta(seconds=round(span.total_seconds())))
