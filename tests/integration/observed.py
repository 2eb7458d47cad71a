"""What the functions write to their logs, metrics among it, when they do all that they can do."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from functions.paradime import pace
from functions.run.inventory import inventory
from functions.sweep import handler as sweep
from local.standin.faults import Status
from tests.bolt_runs import new_run
from tests.integration.world import Context, World, forget_clients, new_world

SERVICES = ("ingest", "fetch", "sweep")
_RUN_IDS = count(900)


@dataclass(frozen=True)
class MetricId:
    """As CloudWatch files it."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


@dataclass
class Observed:
    """`lines` are those of the loggers, read back; `emf` those that hold metrics."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    emf: list[dict[str, Any]] = field(default_factory=list)

    def of(self, service: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["service"] == service]

    @property
    def metrics(self) -> set[MetricId]:
        return {
            MetricId(
                directive["Namespace"],
                metric["Name"],
                frozenset((name, line[name]) for name in dimensions),
            )
            for line in self.emf
            for directive in line["_aws"]["CloudWatchMetrics"]
            for metric in directive["Metrics"]
            for dimensions in directive["Dimensions"]
        }

    def value(self, metric: str) -> float:
        """The sum of all that was emitted of it."""
        return sum(sum(line.get(metric, ())) for line in self.emf)


class _Lines(logging.Handler):
    def __init__(self, lines: list[dict[str, Any]], formatter: logging.Formatter) -> None:
        super().__init__()
        self._lines = lines
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(json.loads(self.format(record)))


@contextmanager
def observing() -> Iterator[Observed]:
    """Everything that is logged or emitted meanwhile, complete at the end."""
    observed, printed = Observed(), io.StringIO()
    added = []
    for service in SERVICES:
        logger = logging.getLogger(service)
        formatter = logger.handlers[0].formatter
        assert isinstance(formatter, LambdaPowertoolsFormatter)
        handler = _Lines(observed.lines, formatter)
        logger.addHandler(handler)
        added.append((logger, handler))
    try:
        with redirect_stdout(printed):
            yield observed
    finally:
        for logger, handler in added:
            logger.removeHandler(handler)
        lines = [line for line in printed.getvalue().splitlines() if line.startswith('{"_aws"')]
        observed.emf += map(json.loads, lines)


def everything_happened() -> Observed:
    """Each outcome of a delivery, of a run and of a sweep, at least once."""
    with pytest.MonkeyPatch.context() as patch, new_world(patch) as world:
        patch.setenv("SWEEP_LOOKBACK_HOURS", "48")
        patch.setenv("STALE_HOURS", "24")
        patch.setattr(pace, "SECONDS_BETWEEN_CALLS", 0)
        with observing() as observed:
            _deliveries(world)
            _sweep(world)
            _archives(world)
            world.standin.faults.add(Status(status=400, times=1))
            _sweep(world)
    return observed


def _changed(world: World, name: str = "run_completed", **changes: object) -> bytes:
    return json.dumps(json.loads(world.payload(name)) | changes).encode()


def _ago(**ago: float) -> str:
    return f"{datetime.now(UTC) - timedelta(**ago):%Y-%m-%d %H:%M:%S.%f}"


def _deliveries(world: World) -> None:
    world.send(world.payload("run_started_63187"))
    world.send(world.payload("run_completed_succeeded"))
    world.send(_changed(world, "run_started_63187", id=4, start_dttm=_ago(hours=30)))
    world.send(_changed(world, id=1, status="canceled", commands=[]))
    world.send(b"not JSON")
    world.send(b"{}", {"webhook-id": "msg_stranger"})
    world.send(b" " * 5 * 1024 * 1024)
    url, world.queues["runs"] = world.queues["runs"], "gone"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUEUE_URL", f"{url}-gone")
        forget_clients()
        world.send(world.payload())
    world.queues["runs"] = url
    forget_clients()


def _sweep(world: World) -> None:
    world.standin.bolt.add(new_run(next(_RUN_IDS)))
    sweep.worker.cache_clear()
    sweep.handler({}, Context())
    sweep.worker.cache_clear()


def _archives(world: World) -> None:
    # It ended just now: of older ones no lag is counted.
    world.send(_changed(world, end_dttm=_ago()))
    world.standin.faults.add(Status(on="download:1205761", status=429, times=1))
    world.drain()
    world.standin.faults.add(Status(on="download:1205743", status=404))
    world.send(_changed(world, id=2, api_url="https://example.com/graphql"))
    world.drain()
    world.send(_changed(world, id=3))
    with pytest.MonkeyPatch.context() as patch:
        calls = count(1)

        def fail_at_first(*arguments: Any) -> bytes:
            if next(calls) == 1:
                raise RuntimeError("a fault of ours")
            return inventory(*arguments)

        patch.setattr("functions.fetch.own_files.inventory", fail_at_first)
        world.drain()
