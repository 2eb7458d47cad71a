"""A small `make fuzz`, without its measure of time."""

import base64

import pytest

from functions.ingest import signature
from tests.fuzz import campaign


def test_mutated_requests_have_no_finding() -> None:
    report = campaign.run("tests", 1_000, warm_up=0)
    assert report.findings == []
    assert set(report.seconds) == {"accepted", "quarantined", "refused"}


def test_a_signature_that_is_not_compared_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature, "_any_equal", lambda expected, given: True)
    assert any("is let in" in finding for finding in campaign.run("tests", 100, warm_up=0).findings)


def test_an_error_that_escapes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(entries: str) -> list[bytes]:
        return [base64.b64decode(entry.split(",")[1]) for entry in entries.split(" ")]

    monkeypatch.setattr(signature, "_v1_signatures", decoded)
    assert any("raises" in finding for finding in campaign.run("tests", 100, warm_up=0).findings)


def test_a_genuine_request_that_is_refused_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature, "_any_equal", lambda expected, given: False)
    findings = campaign.run("tests", 100, warm_up=0).findings
    assert any("is refused although it is genuine" in finding for finding in findings)
