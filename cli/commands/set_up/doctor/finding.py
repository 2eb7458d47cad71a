"""What a check of `doctor` finds."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` says what to do, and is empty where all is well."""

    check: str
    verdict: Verdict
    said: str
    advice: str = ""


def ok(check: str, said: str) -> Finding:
    return Finding(check, Verdict.OK, said)


def warning(check: str, said: str, advice: str) -> Finding:
    return Finding(check, Verdict.WARNING, said, advice)


def failed(check: str, said: str, advice: str) -> Finding:
    return Finding(check, Verdict.FAILED, said, advice)


def skipped(check: str, because: str) -> Finding:
    return Finding(check, Verdict.SKIPPED, because)
