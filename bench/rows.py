"""All runs in SQL: a million rows of a month, from a warm cache, on an AWS in this process."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import boto3
from moto import mock_aws

from bench.row import Row
from cli.rows.database import Database
from cli.rows.questions import FAILING, FLAKY, REASONS, SLOW
from cli.stack.target import Target
from functions.rows.packed import PREFIX, packed
from functions.rows.row import RUN
from functions.rows.row import Row as ResultRow
from functions.run.instants import to_text

ROWS, DAYS, RUNS_A_DAY = 1_000_000, 30, 10
NODES = ROWS // DAYS // RUNS_A_DAY
SCHEDULES = 10
GOAL_SECONDS = 1.0
QUESTIONS = {
    "minutes by schedule": "select schedule_name, sum(seconds) from runs group by 1",
    "flaky": FLAKY,
    "slow": SLOW,
    "failing": FAILING,
    "reasons": REASONS,
}


def rows() -> Iterator[Row]:
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.dict(
            os.environ,
            {
                "XDG_CACHE_HOME": folder,
                "AWS_ACCESS_KEY_ID": "bench",
                "AWS_SECRET_ACCESS_KEY": "bench",
                "AWS_DEFAULT_REGION": "eu-west-1",
            },
        ),
        mock_aws(),
    ):
        target, stored = _target(), _store(datetime.now(UTC))
        since = datetime.now(UTC) - timedelta(days=DAYS)
        cold = _seconds(lambda: Database(target, since))
        cached = sum(file.stat().st_size for file in Path(folder).rglob("*.parquet"))
        warm = _seconds(lambda: Database(target, since))
        yield Row(
            what=f"SQL: listing a month of {ROWS:,} rows that are cached",
            ours=f"{warm:.2f} s, {cached / 1e6:.0f} MB of Parquet",
            floor=f"{cold:.0f} s, fetching {stored / 1e6:.0f} MB in {DAYS * RUNS_A_DAY} objects",
            value=warm,
            goal=GOAL_SECONDS,
            unit=" s",
        )
        database = Database(target, since)
        for name, query in QUESTIONS.items():

            def ask(query: str = query) -> None:
                for _ in database.ask(query).rows():
                    pass

            seconds = min(_seconds(ask) for _ in range(3))
            yield Row(
                what=f"SQL: {name}, of these",
                ours=f"{seconds:.2f} s",
                floor="",
                value=seconds,
                goal=GOAL_SECONDS,
                unit=" s",
            )


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _target() -> Target:
    session = boto3.Session()
    session.client("s3").create_bucket(
        Bucket="bench", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    names = dict.fromkeys(
        (
            "stack", "webhook_url", "table", "schedules_table", "queue_url", "dead_letter_url",
            "quarantine_url", "webhook_secret", "api_secret", "sweep_function",
        ),
        "",
    )  # fmt: skip
    return Target(session=session, endpoint_url=None, bucket="bench", **names)


def _store(now: datetime) -> int:
    """The bytes of all objects."""
    client, total = boto3.client("s3"), 0
    for day in range(DAYS):
        start = now - timedelta(days=day, seconds=60)
        for number in range(RUNS_A_DAY):
            run_id = day * RUNS_A_DAY + number + 1
            body = packed(_run(run_id, f"schedule_{number % SCHEDULES}", start))
            total += len(body)
            key = f"{PREFIX}day={start:%Y-%m-%d}/bench-{run_id}.jsonl.gz"
            client.put_object(Bucket="bench", Key=key, Body=body)
    return total


def _run(run_id: int, schedule: str, start: datetime) -> Iterator[ResultRow]:
    """Two tests for each model; of the nodes, one in fifty fails now and then."""
    started = to_text(start)
    for node in range(NODES):
        kind = "test" if node % 3 else "model"
        failed = node % 50 == 0 and (node + run_id) % 11 == 0
        yield ResultRow(
            run_key=f"bench#{run_id}",
            workspace_uid="bench",
            run_id=run_id,
            schedule_name=schedule,
            commit_hash=f"{run_id // 20:040x}",
            run_started_at=started,
            command_index=1,
            healed=False,
            type=kind,
            status=("fail" if kind == "test" else "error") if failed else "success",
            unique_id=f"{kind}.shop.node_{node}",
            started_at=started,
            seconds=1 + node % 97 + (node * run_id) % 997 / 1000,
            reason="it broke" if failed else None,
            fingerprint="0" * 16 if failed else None,
        )
    yield ResultRow(
        run_key=f"bench#{run_id}",
        workspace_uid="bench",
        run_id=run_id,
        schedule_name=schedule,
        run_started_at=started,
        healed=False,
        type=RUN,
        status="succeeded",
        seconds=600.0,
    )
