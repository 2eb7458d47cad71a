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
    ingest, fetch = of_a_delivery(), of_an_archived_run()
    # Two logs, event.json, archive.json, failures.json and index.html beside the artifacts.
    files = ARTIFACTS + 6
    run = f"an archived run of {files} files"
    for calls, whose, services, goal in (
        # The record, and the state of its schedule.
        (ingest, "a delivery", ("dynamodb",), 3),
        (ingest, "a delivery", ("sqs",), 1),
        (fetch, run, ("dynamodb",), 2),
        (fetch, run, ("s3",), files + 1),
        (fetch, run, ("sns", "sqs"), 1),
    ):
        yield Row(
            what=f"AWS calls of {whose}: {' and '.join(services)}",
            ours=_said(calls, services),
            floor="",
            value=sum(_of(calls, service) for service in services),
            goal=goal,
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


def _said(calls: Counter[str], services: tuple[str, ...]) -> str:
    return ", ".join(
        f"{count} {operation}"
        for call, count in sorted(calls.items())
        for service, _, operation in [call.partition(".")]
        if service in services
    )
