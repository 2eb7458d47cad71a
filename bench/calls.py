"""AWS calls of a delivery and of an archived run, counted; `docs/cost.md` is made from them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO

from bench.aws import FakeAws
from bench.environment import ROOT, SECRETS, Context, delivery, set_environment
from bench.fetch import SMALL, fetching
from bench.paradime import paradime
from bench.row import Row

ARTIFACTS = 20


def rows() -> Iterator[Row]:
    ingest = of_a_delivery()
    yield Row(
        what="AWS calls of a delivery: DynamoDB",
        ours=_said(ingest),
        floor="",
        value=_of(ingest, "dynamodb"),
        goal=1,
        unit="",
    )
    yield Row(
        what="AWS calls of a delivery: SQS",
        ours=_said(ingest),
        floor="",
        value=_of(ingest, "sqs"),
        goal=1,
        unit="",
    )
    fetch = of_an_archived_run()
    # Two logs, event.json, archive.json, failures.json and index.html beside the artifacts.
    files = ARTIFACTS + 6
    yield Row(
        what=f"AWS calls of an archived run of {files} files: DynamoDB",
        ours=_said(fetch),
        floor="",
        value=_of(fetch, "dynamodb"),
        goal=2,
        unit="",
    )
    yield Row(
        what=f"AWS calls of an archived run of {files} files: S3",
        ours=_said(fetch),
        floor="",
        value=_of(fetch, "s3"),
        goal=files + 1,
        unit="",
    )
    yield Row(
        what="AWS calls of an archived run: messages",
        ours=_said(fetch),
        floor="",
        value=_of(fetch, "sns") + _of(fetch, "sqs"),
        goal=1,
        unit="",
    )


def of_a_delivery(payload: str = "run_completed") -> Counter[str]:
    """Of a warm one; unless another is named, of a run that failed."""
    set_environment()
    aws = FakeAws(SECRETS)
    aws.install()
    from functions.ingest.handler import handler, receiver

    receiver.cache_clear()
    event = delivery((ROOT / "events" / f"{payload}.json").read_bytes())
    with redirect_stdout(StringIO()):
        handler(event, Context())
        aws.calls.clear()
        handler(event, Context())
    return aws.calls


def of_an_archived_run(artifacts: int = ARTIFACTS) -> Counter[str]:
    with paradime(artifacts=artifacts, size=SMALL) as url:
        calls = Counter(fetching("ours", url, artifacts)["calls"])
    del calls["secretsmanager.GetSecretValue"]  # every five minutes
    return calls


def _of(calls: Counter[str], service: str) -> int:
    return sum(count for call, count in calls.items() if call.startswith(f"{service}."))


def _said(calls: Counter[str]) -> str:
    return ", ".join(f"{count} {call.partition('.')[2]}" for call, count in sorted(calls.items()))
