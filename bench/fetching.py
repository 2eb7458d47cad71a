"""One run through the fetch handler in this process, measured: `python -m bench.fetching`.

A process a measurement, so that memory is that of one run alone. Prints JSON.
"""

import argparse
import json
import resource
import threading
import time
from contextlib import redirect_stdout
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import IO, Any, cast

import boto3
import requests
from boto3.s3.transfer import TransferConfig

from bench.aws import FakeAws
from bench.environment import (
    CREDENTIALS,
    ENVIRONMENT,
    SECRETS,
    Context,
    message,
    set_environment,
)
from bench.paradime import FIRST_RESOURCE_ID, completed_event, path_of
from functions.aws import bucket
from functions.fetch import files

MIB = 1024 * 1024


def ours(api_url: str, artifacts: int, *, again: bool) -> dict[str, Any]:
    """The handler; with `again` also for the message received again.

    Once as after a stop just before the record was written, once as after all was done.
    """
    from functions.intake.pointer import pointer_to
    from functions.run.event import parse

    body = json.dumps(completed_event(api_url, artifacts)).encode()
    aws = FakeAws(SECRETS, body, rank="1")
    aws.install()
    event = message(pointer_to(parse(body)).to_json())
    from functions.fetch.handler import handler, worker

    worker()  # a cold start is measured elsewhere
    before = dict(aws.record)
    result = {"first": _measured(lambda: _handled(handler, event)), "calls": dict(aws.calls)}
    if again:
        done, aws.record = aws.record, before
        result["stopped"] = _measured(lambda: _handled(handler, event))
        aws.record = done
        result["again"] = _measured(lambda: _handled(handler, event))
    return result


def floor(api_url: str, *, digests: bool) -> dict[str, Any]:
    """`requests` to `upload_fileobj(use_threads=False)` for the first artifact, nothing else.

    With `digests` also the two that an archive has to have: S3's own SHA-256 of each part, and
    that of the file.
    """
    FakeAws(SECRETS).install()
    s3, session = boto3.client("s3"), requests.Session()

    def copy() -> None:
        with session.get(_link(session, api_url, FIRST_RESOURCE_ID), stream=True) as response:
            s3.upload_fileobj(
                cast(IO[bytes], _Digesting(response.raw) if digests else response.raw),
                ENVIRONMENT["BUCKET_NAME"],
                "artifact.json",
                ExtraArgs={"ChecksumAlgorithm": "SHA256"} if digests else {},
                Config=TransferConfig(use_threads=False),
            )

    return {"first": _measured(copy)}


class _Digesting:
    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._digest = sha256()

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._raw.read(size) if size >= 0 else self._raw.read()
        self._digest.update(data)
        return data


def sdk(api_url: str, artifacts: int) -> dict[str, Any]:
    """The vendor's SDK in a loop with `put_object`: link, download, store, one after another."""
    from paradime import Paradime

    client = Paradime(api_endpoint=api_url, **CREDENTIALS)
    FakeAws(SECRETS).install()
    s3 = boto3.client("s3")

    def loop() -> None:
        for number in range(artifacts):
            url = client.bolt.get_artifact_url(FIRST_RESOURCE_ID + number)
            s3.put_object(
                Bucket=ENVIRONMENT["BUCKET_NAME"],
                Key=path_of(number),
                Body=requests.get(url, timeout=60).content,
            )

    return {"first": _measured(loop)}


def _link(session: requests.Session, api_url: str, resource_id: int) -> str:
    key, secret = CREDENTIALS.values()
    answer = session.post(
        api_url,
        json={
            "query": "query($id: Int!) { boltResourceUrl(resourceId: $id) { ok url } }",
            "variables": {"id": resource_id},
        },
        headers={"X-API-KEY": key, "X-API-SECRET": secret},
    )
    return str(answer.json()["data"]["boltResourceUrl"]["url"])


def _handled(handler: Any, event: dict[str, Any]) -> None:
    answer = handler(event, Context())
    assert answer == {"batchItemFailures": []}, answer


def _measured(work: Any) -> dict[str, float]:
    """Seconds, those of them on a processor, by how much the process grew, and to what."""
    with _Watch() as watch, redirect_stdout(StringIO()):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        work()
        seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - begun_cpu
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "growth_mib": watch.growth / MIB,
        "largest_mib": watch.largest / MIB,
    }


class _Watch:
    """Samples resident memory while it is entered; `growth` and `largest` in bytes."""

    def __enter__(self) -> "_Watch":
        self._begun = self.largest = _resident()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(0.02):
            self.largest = max(self.largest, _resident())

    @property
    def growth(self) -> int:
        return self.largest - self._begun


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["ours", "floor", "digests", "sdk"])
    parser.add_argument("api_url")
    parser.add_argument("artifacts", type=int)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--workers", type=int, default=files.WORKERS)
    parser.add_argument("--part-mib", type=int, default=bucket.PART_BYTES // MIB)
    given = parser.parse_args()
    set_environment()
    files.WORKERS = given.workers
    bucket.PART_BYTES = given.part_mib * MIB
    match given.what:
        case "ours":
            result = ours(given.api_url, given.artifacts, again=given.again)
        case "floor" | "digests":
            result = floor(given.api_url, digests=given.what == "digests")
        case _:
            result = sdk(given.api_url, given.artifacts)
    print(json.dumps(result))
