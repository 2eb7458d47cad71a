"""Sends mutated requests through the ingest handler and judges every answer.

A finding is a request that

- raises, or cannot be logged, or is answered 5xx or anything else that is not in the contract,
- is let in although the `svix` package would not let it in,
- is refused although nothing was done to it that could spoil it,
- is refused and has left something in DynamoDB or SQS all the same,
- is quarantined, but not byte for byte, or accepted without having been recorded,
- takes more than ten times the median: of all requests, and of those answered alike.

Time is the thread's CPU time, so that what else runs on the machine counts as little as can be.
It still does a little, and so does the garbage collector: a request that takes half of what is
allowed is sent five times more at once and its shortest time counts. One that is slow by itself
stays slow.
"""

import json
import logging
import math
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from statistics import median
from typing import Any, cast
from unittest import mock

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.ingest import handler as ingest
from tests.fuzz import mutations, reference
from tests.fuzz.aws import ENVIRONMENT, InProcessAws, in_process_aws
from tests.fuzz.request import Request

WARM_UP = 500
SLOW = 10
REPEATS = 5


class _Context(LambdaContext):
    def __init__(self) -> None:
        self._function_name = "ingest"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:ingest"
        self._aws_request_id = "request"


@dataclass
class Report:
    """`seconds` has one CPU time a request, by its outcome; `longest` the one that took most."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    longest: dict[str, tuple[float, str]] = field(default_factory=dict)
    repeated: int = 0
    secret_reads: int = 0
    findings: list[str] = field(default_factory=list)

    def note(self, outcome: str, seconds: float, name: str) -> None:
        self.seconds[outcome].append(seconds)
        self.longest[outcome] = max(self.longest.get(outcome, (0.0, "")), (seconds, name))

    def add(self, other: "Report") -> None:
        for outcome, seconds in other.seconds.items():
            self.seconds[outcome] += seconds
            longest = other.longest[outcome]
            self.longest[outcome] = max(self.longest.get(outcome, longest), longest)
        self.repeated += other.repeated
        self.secret_reads += other.secret_reads
        self.findings += other.findings

    def allowed(self, outcome: str) -> float:
        """How long a request with this outcome may take."""
        alike = self.seconds[outcome]
        return SLOW * min(median(alike), median(self.all_seconds)) if alike else math.inf

    @property
    def all_seconds(self) -> list[float]:
        return [seconds for alike in self.seconds.values() for seconds in alike]

    def slow(self) -> list[str]:
        """For each outcome, its longest request if it took more than it may."""
        return [
            f"{name} is {outcome} and takes {seconds * 1000:.2f} ms"
            for outcome, (seconds, name) in self.longest.items()
            if seconds > self.allowed(outcome)
        ]


def run(seed: str, requests: int, *, warm_up: int = WARM_UP) -> Report:
    """Sends so many requests; the same seed makes the same ones, but for the time of day."""
    report, before = Report(), Report()
    with in_process_aws(mutations.CONFIGURED) as aws, _logs_discarded():
        for number in range(-warm_up, 0):
            _try(f"{seed}/{number}", aws, before, suspect={})
        suspect = {outcome: before.allowed(outcome) / 2 for outcome in before.seconds}
        for number in range(requests):
            _try(f"{seed}/{number}", aws, report, suspect)
        report.secret_reads = aws.secret_reads
    return report


def _try(seed: str, aws: InProcessAws, report: Report, suspect: Mapping[str, float]) -> None:
    """Sends the request that the seed makes, again if it takes suspiciously long."""
    chance = Random(seed)  # noqa: S311 - to be repeated, not to be unguessable
    request = mutations.request(chance, datetime.now(UTC))
    event, name = request.event(), f"request {seed}"
    aws.forget()
    try:
        seconds, answer = _send(event)
    except Exception as e:  # noqa: BLE001 - whatever it is, it is a finding
        report.findings.append(f"{name} raises {e!r}: {json.dumps(event)}")
        return
    outcome, fault = _judge(request, answer, aws)
    if fault:
        report.findings.append(f"{name} {fault}: {json.dumps(event)}")
    if seconds > suspect.get(outcome, math.inf):
        report.repeated += 1
        seconds = min(seconds, *(_send(event)[0] for _ in range(REPEATS)))
    report.note(outcome, seconds, name)


def _send(event: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    context = _Context()
    begun = time.thread_time()
    answer = ingest.handler(event, context)
    return time.thread_time() - begun, cast(dict[str, Any], answer)


def _judge(request: Request, answer: dict[str, Any], aws: InProcessAws) -> tuple[str, str | None]:
    """How it was answered, and what is wrong with that."""
    status, said = answer["statusCode"], json.loads(answer["body"])
    if status == 202:
        outcome = str(said["status"])
        if not reference.accepts(request, mutations.CONFIGURED):
            return outcome, "is let in"
        if outcome == "quarantined" and aws.quarantined != [request.body]:
            return outcome, "is not in quarantine byte for byte"
        if outcome == "accepted" and not aws.writes[ENVIRONMENT["TABLE_NAME"]]:
            return outcome, "is accepted and not recorded"
        return outcome, None
    if status == 401 and said == {"error": "unauthorized"}:
        if request.genuine:
            return "refused", "is refused although it is genuine"
        return "refused", "is refused and leaves something behind" if aws.writes else None
    return str(status), f"is answered {status} {said}"


@contextmanager
def _logs_discarded() -> Iterator[None]:
    """Log lines and metrics are written as on Lambda, in UTF-8, and nobody reads them."""
    handler = cast("logging.StreamHandler[Any]", ingest.logger.registered_handler)
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,  # noqa: PTH123
        redirect_stdout(nowhere),
        mock.patch.object(handler, "stream", nowhere),
        mock.patch.object(handler, "handleError", _raise),
    ):
        yield


def _raise(record: logging.LogRecord) -> None:
    """Raises what the log's handler has just caught: the line is lost, which is a finding."""
    raise
