"""What one invocation of each function uses of AWS: time, log lines, metrics, DynamoDB's units.

The handlers run as they are, in this process, on the AWS of `bench.aws`. What they write to the
table of runs is then written to moto's as well, whose items are measured.
"""

import importlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from typing import Any

import boto3
from moto import mock_aws

from bench.aws import FakeAws, schedule
from bench.dynamodb_units import TABLE, indexes, item_bytes, read_units, stored_bytes, write_units
from bench.environment import (
    ENVIRONMENT,
    ROOT,
    SECRETS,
    Context,
    delivery,
    message,
    set_environment,
)
from bench.fetch import API_SECONDS, DOWNLOAD_SECONDS, SMALL
from bench.paradime import completed_event, paradime

# One run starts and fails; another one succeeds.
STARTED, FAILED, SUCCEEDED = "run_started_63187", "run_completed", "run_completed_succeeded"
DELIVERIES, FETCHES = 200, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Of one warm invocation.

    It took `seconds`, of them `cpu_seconds` at work, on this machine and with an AWS that answers
    at once. `write` are the parameters of its write to the table of runs, empty without one;
    `write_units` are those of the table and of each index. `stored_bytes` are those of the run's
    record afterwards in all of them, `listed_bytes` those in the index `by-workspace`.
    """

    seconds: float
    cpu_seconds: float
    log: tuple[str, ...]
    calls: Counter[str]
    write: Mapping[str, Any]
    answer_bytes: int
    object_bytes: int
    read_units: int = 0
    write_units: Mapping[str, int] = field(default_factory=dict)
    stored_bytes: int = 0
    listed_bytes: int = 0

    @property
    def metrics(self) -> frozenset[str]:
        return frozenset(
            metric["Name"]
            for line in self.log
            if line.startswith('{"_aws"')
            for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]
            for metric in directive["Metrics"]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """`archived` is the receive that archives the failed run, `put_off` one that finds Paradime's
    API refusing connections, `swept` a sweep of a stack that no delivery has reached yet."""

    started: Use
    failed: Use
    archived: Use
    succeeded: Use
    put_off: Use
    swept: Use


class _Context(Context):
    """With names as long as those of a deployed function: each log line has them."""

    function_name = "ParadimeRunArchive-IngestFunction4C1D1F5E-Q1w2E3r4T5y6"
    invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
    aws_request_id = "8f5dd8cf-3f5e-4c0f-9a53-0c2b1d6f7a11"


class _Observer:
    """Runs handlers whose loggers write to `log`."""

    def __init__(self, log: StringIO) -> None:
        self._log = log
        self._write: dict[str, Any] = {}

    def new_aws(self, event: bytes = b"", rank: str = "") -> FakeAws:
        aws = FakeAws(SECRETS, event, rank)
        aws.install(self._note)
        return aws

    def observe(self, aws: FakeAws, run: Callable[[], Any]) -> Use:
        self._log.seek(0)
        self._log.truncate()
        self._write = {}
        aws.calls.clear()
        begun = time.perf_counter(), time.process_time()
        answer = run()
        return Use(
            seconds=time.perf_counter() - begun[0],
            cpu_seconds=time.process_time() - begun[1],
            log=tuple(filter(None, self._log.getvalue().splitlines())),
            calls=aws.calls.copy(),
            write=self._write,
            answer_bytes=len(json.dumps(answer)),
            object_bytes=sum(size for size, _ in aws.objects.values()),
        )

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == "UpdateItem":
            self._write = dict(params)


def usage(table: Mapping[str, Any], artifacts: int) -> Usage:
    """Measures, with a table of runs of these properties and a run of so many artifacts.

    Once a process, and before anything else in it imports a handler.
    """
    names = [f"functions.{name}.handler" for name in ("ingest", "fetch", "sweep")]
    assert not sys.modules.keys() & set(names), "a handler is imported, and logs to elsewhere"
    set_environment()
    os.environ |= {"POWERTOOLS_LOG_LEVEL": "INFO"}
    os.environ |= {"SWEEP_LOOKBACK_HOURS": "48", "STALE_HOURS": "24"}
    # A logger keeps the stream that it finds when it is made.
    with redirect_stdout(StringIO()) as log:
        ingest, fetch, sweep = map(importlib.import_module, names)
        observer = _Observer(log)
        started, failed, succeeded = (
            _delivered(observer, ingest, payload) for payload in (STARTED, FAILED, SUCCEEDED)
        )
        archived, put_off = _fetched(observer, fetch, artifacts, failed)
        sweep.worker.cache_clear()
        swept = observer.observe(observer.new_aws(), partial(sweep.handler, {}, _Context()))
    started, failed, archived, succeeded = _with_units(
        (started, failed, archived, succeeded), table
    )
    return Usage(
        started=started,
        failed=failed,
        archived=archived,
        succeeded=succeeded,
        put_off=put_off,
        swept=swept,
    )


def _delivered(observer: _Observer, ingest: Any, payload: str) -> Use:
    event = delivery((ROOT / "events" / f"{payload}.json").read_bytes())
    ingest.receiver.cache_clear()
    aws = observer.new_aws()
    run = partial(ingest.handler, event, _Context())
    run()  # reads the secret, notes the workspace
    return _median(observer.observe(aws, run) for _ in range(DELIVERIES))


def _fetched(observer: _Observer, fetch: Any, artifacts: int, failed: Use) -> tuple[Use, Use]:
    """Receives of the failed run, whose record is as `failed` wrote it: with Paradime there, and
    gone."""
    from functions.intake.pointer import pointer_to
    from functions.run.event import parse

    rank = failed.write["ExpressionAttributeValues"][":event_rank"]["S"]

    def received() -> Use:
        fetch.worker.cache_clear()
        aws = observer.new_aws(body, rank)
        fetch.worker()
        return observer.observe(aws, partial(fetch.handler, event, _Context()))

    with paradime(
        artifacts=artifacts, size=SMALL, api_seconds=API_SECONDS, download_seconds=DOWNLOAD_SECONDS
    ) as url:
        # It ends now: of older ones no lag is counted.
        ended = {"end_dttm": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"}
        body = json.dumps(completed_event(url, artifacts) | ended).encode()
        event = message(pointer_to(parse(body)).to_json())
        archived = _median(received() for _ in range(FETCHES))
    return archived, received()


def _median(uses: Iterable[Use]) -> Use:
    in_order = sorted(uses, key=lambda use: use.seconds)
    return in_order[len(in_order) // 2]


def _with_units(uses: Iterable[Use], table: Mapping[str, Any]) -> Iterator[Use]:
    """Makes the same writes, in this order, to a table in which items can be looked at."""
    own = indexes(table)
    of_schedule = write_units({}, schedule(), ())[TABLE]
    [by_workspace] = [index for index in own if index.name == "by-workspace"]
    shape = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")
    with mock_aws():
        boto3.setup_default_session(region_name=ENVIRONMENT["AWS_DEFAULT_REGION"])
        client: Any = boto3.client("dynamodb")
        name = ENVIRONMENT["TABLE_NAME"]
        client.create_table(TableName=name, **{part: table[part] for part in shape})
        for use in uses:
            key = {"TableName": name, "Key": use.write["Key"]}
            before = client.get_item(**key).get("Item", {})
            client.update_item(**use.write)
            after = client.get_item(**key)["Item"]
            yield replace(
                use,
                read_units=use.calls["dynamodb.GetItem"] * read_units(before),
                write_units=write_units(before, after, own)
                | {"schedule": use.calls["dynamodb.PutItem"] * of_schedule},
                stored_bytes=stored_bytes(after, own),
                listed_bytes=item_bytes(by_workspace.entry(after)),
            )
