"""What binds as runs become more: `python -m bench.scale`; `docs/scale.md` carries what it prints.

Two tables: the runs an hour at which each limit binds, and what the run queue does under load and
in outages, by arithmetic and by simulation. What a run uses is measured in the same run.
"""

import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.assumed import DELIVERIES, FAILED, sweep_questions, sweep_reads
from bench.calls import ARTIFACTS
from bench.duration import duration
from bench.dynamodb_units import TABLE
from bench.environment import ENVIRONMENT, ROOT
from bench.run_queue import DAY, HOUR, MAX_IN_FLIGHT, Load, simulate
from bench.stack import Stack, deployed
from bench.usage import Usage, Use, usage
from functions.paradime.pace import SECONDS_BETWEEN_CALLS
from functions.shared.deadline import MARGIN_MILLISECONDS
from functions.sweep.index import RunIndex

RATES = (10, 1_000, 100_000)
# How much of their time workers should be at work: the rest is for bursts and after outages.
COMFORTABLE = 0.5
# A receive from an API that hangs: two questions in a row, of 10 s each, until it is asked no more.
HANGING_SECONDS = 20

# Default quotas of an account in us-east-1, a second: from the services' own pages on quotas.
API_REQUESTS = 10_000
LAMBDA_AT_ONCE = 1_000
TABLE_WRITES = 4_000  # on demand, of a new table; it doubles its peak within half an hour
PARTITION_WRITES = 1_000
PREFIX_PUTS = 3_500
PUBLISHES = 30_000
LOG_WRITES = 5_000


@dataclass(frozen=True, slots=True)
class Limit:
    """`binds_at` is in runs an hour."""

    what: str
    binds_at: float


def main() -> None:
    stack = deployed()
    used = usage(stack.table, ARTIFACTS)
    service, put_off = (lasts(use, stack, "Fetch") for use in (used.archived, used.put_off))
    console = Console(width=200, highlight=False)
    console.print(f"archiving a run: {service:.2f} s on Lambda; putting it off: {put_off:.2f} s\n")
    console.print(_limits(limits(stack, used, service)))
    console.print(_queue(service, loads(stack.settings.max_concurrency, service, put_off)))


def limits(stack: Stack, used: Usage, service: float) -> list[Limit]:
    """All that grow with the runs, the lowest first."""
    ingest = lasts(used.failed, stack, "Ingest")
    workers = stack.settings.max_concurrency
    settled = (used.succeeded, 1 - FAILED), (used.failed, FAILED), (used.archived, FAILED)

    def writes(where: str) -> float:
        parts = (share * use.write_units[where] for use, share in settled)
        return used.started.write_units[where] + sum(parts)

    by_second = {
        f"HTTP API, this stage's throttle of {stack.throttle}/s": stack.throttle / DELIVERIES,
        f"HTTP API, {API_REQUESTS:,}/s": API_REQUESTS / DELIVERIES,
        f"Lambda, {LAMBDA_AT_ONCE:,} at once": (LAMBDA_AT_ONCE - workers - 1)
        / (DELIVERIES * ingest),
        f"run queue, maxConcurrency {workers}": workers / service / FAILED,
        f"DynamoDB, table, {TABLE_WRITES:,} write units/s": TABLE_WRITES / writes(TABLE),
        f"DynamoDB, by-workspace, one key, {PARTITION_WRITES:,}/s": PARTITION_WRITES
        / writes("by-workspace"),
        f"DynamoDB, failed, one key, {PARTITION_WRITES:,}/s": PARTITION_WRITES / writes("failed"),
        f"S3, {PREFIX_PUTS:,} PUT/s below a prefix": PREFIX_PUTS
        / (FAILED * used.archived.calls["s3.PutObject"]),
        f"SNS, {PUBLISHES:,} publishes/s": PUBLISHES / FAILED,
        # Each invocation sends its lines, and each request its line of the access log.
        f"CloudWatch Logs, {LOG_WRITES:,} writes/s": LOG_WRITES / (2 * DELIVERIES + FAILED),
    }
    found = [Limit(what, rate * HOUR) for what, rate in by_second.items()]
    in_a_minute = stack.throttle * 60 + stack.burst
    found += [
        Limit("HTTP API, the throttle, if all runs start in one minute", in_a_minute),
        Limit(
            f"SQS, {MAX_IN_FLIGHT:,} in flight, in an outage of a day",
            MAX_IN_FLIGHT / 24 / FAILED,
        ),
        Limit("sweep, questions within its time", _sweep_questions(stack)),
        Limit(f"sweep, memory of {stack.memory_mib['Sweep']} MB", _sweep_memory(stack)),
    ]
    return sorted(found, key=lambda limit: limit.binds_at)


def lasts(use: Use, stack: Stack, function: str) -> float:
    return duration(use.seconds, use.cpu_seconds, use.calls, cpu_share=stack.cpu_share(function))


def loads(default_workers: int, service: float, put_off: float) -> Iterator[Load]:
    """Each rate with the workers that are set and with enough of them, in each outage that the
    workers can make up for; then an API that hangs, and workers so many that SQS binds."""

    def load(rate: int, workers: int, outage: float, failing: float = put_off) -> Load:
        return Load(
            rate=rate * FAILED / HOUR,
            workers=workers,
            service_seconds=service,
            failing_seconds=failing,
            outage_seconds=outage,
        )

    for rate in RATES:
        enough = ceil(load(rate, 1, 0).utilisation / COMFORTABLE)
        for workers in sorted({default_workers, max(default_workers, enough)}):
            yield load(rate, workers, 0)
            if load(rate, workers, 0).utilisation < 1:
                yield load(rate, workers, HOUR)
                yield load(rate, workers, DAY)
    yield load(RATES[1], default_workers, DAY, failing=HANGING_SECONDS)
    yield load(RATES[2], 200, 6 * HOUR)


def _sweep_questions(stack: Stack) -> float:
    """Runs an hour of which one sweep can ask; above that it takes several to ask once."""
    seconds = stack.timeout_seconds["Sweep"] - MARGIN_MILLISECONDS / 1000
    none, one = (sweep_questions(rate, stack.settings) for rate in (0, 1))
    return (seconds / SECONDS_BETWEEN_CALLS - none) / (one - none)


def _sweep_memory(stack: Stack) -> float:
    """Runs an hour of which a sweep can hold what it reads from the index."""
    room = stack.memory_mib["Sweep"] * 1024 * 1024 - _sweep_process_bytes()
    return room / _known_run_bytes() / sweep_reads(1, stack.settings)


def _sweep_process_bytes() -> int:
    """The resident memory of a sweep's process before it reads anything."""
    code = "import functions.sweep.handler; print(open('/proc/self/statm').read().split()[1])"
    environment = {**ENVIRONMENT, "SWEEP_LOOKBACK_HOURS": "48", "STALE_HOURS": "24"}
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    return int(printed.stdout) * resource.getpagesize()


def _known_run_bytes(runs: int = 50_000) -> float:
    """What one run of the index takes in a sweep's memory, at its peak."""

    class Client:
        def get_paginator(self, _: str) -> "Client":
            return self

        def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
            for number in range(runs):
                instant = {"S": "2026-11-25T02:00:00.123456Z"}
                run = {"run_id": {"N": str(60_000 + number)}, "state": {"S": "succeeded"}}
                yield {"Items": [{**run, "started_at": instant, "ended_at": instant}]}

    client: Any = Client()
    tracemalloc.start()
    known = RunIndex(client, "runs").since("uid", datetime.now(UTC))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / len(known)


def _limits(found: list[Limit]) -> Table:
    table = _table("limit", "binds at runs an hour", *(f"at {rate:,}" for rate in RATES))
    for limit in found:
        shares = (_share(rate / limit.binds_at) for rate in RATES)
        table.add_row(limit.what, f"{limit.binds_at:,.0f}", *shares)
    return table


def _queue(service: float, loads: Iterable[Load]) -> Table:
    table = _table(
        "runs an hour",
        "workers",
        "questions/s",
        "outage",
        "a failing receive",
        "at work",
        "simulated",
        "waits, p99",
        "drained after",
        "simulated",
        "receives of a run",
        "in flight",
        "dead letters",
    )
    for load in loads:
        steady = not load.outage_seconds
        # Of few runs for long enough to have seen many.
        seconds = max(DAY, 20_000 / load.rate) if steady else 14 * DAY
        outcome = simulate(load, seconds=seconds)
        at_work = outcome.busy_seconds / load.workers / outcome.ended_at
        drained = outcome.ended_at - load.outage_seconds
        table.add_row(
            f"{load.rate * HOUR / FAILED:,.0f}",
            f"{load.workers}",
            f"{load.workers / service * (1 + ARTIFACTS):.0f}",
            "none" if steady else _hours(load.outage_seconds),
            "" if steady else f"{load.failing_seconds:.0f} s",
            f"{load.utilisation:.1%}",
            f"{at_work:.1%}" if steady else "",
            _seconds(outcome.wait(99)),
            "" if steady else _hours(load.drain_seconds),
            "" if steady else _hours(drained),
            f"{outcome.most_receives}",
            f"{outcome.most_in_flight:,}",
            f"{outcome.dead_letters}",
        )
    return table


def _table(*columns: str) -> Table:
    """Markdown, for the document."""
    table = Table(box=box.MARKDOWN)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table


def _share(share: float) -> str:
    return f"{share:.1%}" if share >= 0.0005 else "below 0.1%"


def _hours(seconds: float) -> str:
    return f"{seconds / HOUR:.1f} h"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < HOUR else _hours(seconds)


if __name__ == "__main__":
    main()
