"""Every case of the Standard Webhooks and Svix suites, from `tests/data/signatures`."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast

import pytest
import standardwebhooks.webhooks
from svix.webhooks import Webhook, WebhookVerificationError

from functions.ingest.http import from_gateway
from functions.ingest.signature import parse_secret
from functions.shared.errors import SignatureError

Case = dict[str, Any]
Verdict = Literal["accepts", "refuses", "raises"]

VECTORS = Path(__file__).parents[1] / "data" / "signatures" / "vectors.json"
LANGUAGES = {"Python", "JavaScript", "Go", "Rust", "PHP", "Java"}
REPOSITORIES = {"standard-webhooks/standard-webhooks", "svix/svix-webhooks"}
NOW = datetime(2024, 5, 6, 7, 8, 9, 500_000, tzinfo=UTC)

SUITES: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))["suites"]


def with_suites_defaults(suite: dict[str, Any], case: Case) -> Case:
    defaults = {name: suite[name] for name in ("family", "secret", "id", "body")}
    merged = defaults | {"signed_at": 0, "timestamp_shift": 0, "headers": {}, "names": {}} | case
    secret = merged.setdefault("signed_with", merged["secret"])
    merged.setdefault("secrets", [secret])
    return merged


CASES = [
    pytest.param(
        with_suites_defaults(suite, case),
        id=f"{suite['repository'].partition('/')[0]} {suite['language']} {case['test']}",
    )
    for suite in SUITES
    for case in suite["cases"]
]


def each_case(kind: Callable[[Case], bool]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "case", [case for case in CASES if kind(cast(Case, case.values[0]))]
    )


def is_accepted(case: Case) -> bool:
    return "refused" not in case


def is_refused(case: Case) -> bool:
    return "refused" in case


def has_signature(case: Case) -> bool:
    return "signature" in case


def is_any(case: Case) -> bool:
    return True


def instants(case: Case) -> tuple[datetime, datetime]:
    """When it is signed and when it arrives."""
    if "timestamp" in case:
        signed_at = datetime.fromtimestamp(case["timestamp"], UTC)
        return signed_at, signed_at
    return NOW + timedelta(seconds=case["signed_at"]), NOW


def signature(case: Case) -> str:
    signed_at, _ = instants(case)
    return Webhook(case["signed_with"]).sign(case["id"], signed_at, case["body"])


def headers(case: Case) -> dict[str, str]:
    signed_at, _ = instants(case)
    genuine = signature(case)
    values: dict[str, str | None] = {
        "id": case["id"],
        "timestamp": str(int(signed_at.timestamp()) + case["timestamp_shift"]),
        "signature": genuine,
    } | case["headers"]
    return {
        case["names"].get(part, f"{case['family']}-{part}"): value.format(signature=genuine)
        for part, value in values.items()
        if value is not None
    }


def verify(case: Case) -> str:
    """Through our whole reading of a request, since header names are read there."""
    _, now = instants(case)
    request = from_gateway({"headers": headers(case), "body": case["body"]})
    secret = parse_secret(json.dumps({"secrets": case["secrets"]}))
    return secret.verify(request.headers, request.body, now).delivery_id


def verdict_of_svix(case: Case, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    _, now = instants(case)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Clock":
            return cls.fromtimestamp(now.timestamp(), UTC)

    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Clock)
    try:
        Webhook(case["secrets"][0]).verify(case["body"], headers(case))
    except WebhookVerificationError:
        return "refuses"
    except Exception:  # noqa: BLE001 - undocumented errors are what is looked for
        return "raises"
    return "accepts"


@each_case(is_accepted)
def test_what_the_suite_accepts_is_accepted(case: Case) -> None:
    assert verify(case) == case["id"]


@each_case(is_refused)
def test_what_is_refused_is_refused_for_its_reason(case: Case) -> None:
    with pytest.raises(SignatureError) as refusal:
        verify(case)
    assert case["refused"] in str(refusal.value)


@each_case(is_any)
def test_svixs_own_package_judges_as_the_vector_says(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = "refuses" if "refused" in case else "accepts"
    assert verdict_of_svix(case, monkeypatch) == case.get("svix", ours)


@each_case(has_signature)
def test_svixs_own_package_makes_the_signature_that_the_suite_expects(case: Case) -> None:
    assert signature(case) == case["signature"]


def test_every_language_of_both_repositories_is_there() -> None:
    found = {(suite["repository"], suite["language"]) for suite in SUITES}
    assert found == {(r, language) for r in REPOSITORIES for language in LANGUAGES}
