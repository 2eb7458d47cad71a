"""What became of the poisoned runs, and what falls short."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.client import Client, Record
from tests.poison.runs import FAILING, Planted

MOST_DEATHS = 3
TOLD_STATES = {"incomplete", "archived", "partial", "failed"}
_DEATH = re.compile(
    r"\[deaths\] \S+-(?P<function>[A-Za-z]+)Function\S* died "
    r"\((?P<how>.*?)\) while working on (?P<on>.*)"
)


@dataclass(frozen=True, kw_only=True)
class Deaths:
    """How often a function died: by run, and by cause (`Fetch killed`, `Fetch out of time`)."""

    of_runs: Counter[int]
    of_functions: Counter[str]

    @classmethod
    def read(cls, log: Path) -> "Deaths":
        runs: Counter[int] = Counter()
        functions: Counter[str] = Counter()
        for line in log.read_text(errors="replace").splitlines():
            if found := _DEATH.search(line):
                how = "out of time" if "timed out" in found["how"] else "killed"
                functions[f"{found['function']} {how}"] += 1
                runs.update(json.loads(body)["run_id"] for body in json.loads(found["on"]))
        return cls(of_runs=runs, of_functions=functions)


class Inbox:
    """The messages that were published, by run; each is received once."""

    def __init__(self, client: Client, url: str) -> None:
        self._client = client
        self._url = url
        self.messages: dict[int, list[dict[str, Any]]] = {}

    def take(self) -> None:
        while True:
            answer = self._client.sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
            if not (found := answer.get("Messages", ())):
                return
            for message in found:
                content = json.loads(json.loads(message["Body"])["Message"])
                self.messages.setdefault(int(content["run"]["run_id"]), []).append(content)
                self._client.sqs.delete_message(
                    QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"]
                )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What there is of one run; `named` are the nodes that a message or its archive names."""

    planted: Planted
    record: Record
    messages: list[dict[str, Any]]
    told_after: float | None
    deaths: int
    named: set[str] = field(default_factory=set)

    @property
    def state(self) -> str:
        return str(self.record.get("archive_state", "not recorded"))

    def shortcomings(self) -> Iterator[str]:
        if not self.messages:
            yield f"{self.planted}: no message was published"
        if self.state not in TOLD_STATES:
            yield f"{self.planted}: its record says {self.state}"
        if unnamed := FAILING - self.named:
            yield f"{self.planted}: {', '.join(sorted(unnamed))} is named nowhere"
        if self.deaths > MOST_DEATHS:
            yield f"{self.planted}: it killed the function {self.deaths} times"
        if self.planted.poison is None:
            if self.state != "archived" or self.record.get("missing_count") != 0:
                yield f"{self.planted}: its record says {self.state}, not archived"
            if self.deaths:
                yield f"{self.planted}: it killed the function"


def look(
    client: Client,
    planted: Planted,
    record: Record,
    inbox: Inbox,
    told_after: Mapping[int, float],
    deaths: Deaths,
) -> Seen:
    run_id = planted.run.run_id
    messages = inbox.messages.get(run_id, [])
    named = {str(node["unique_id"]) for told in messages for node in told["failures"]}
    named |= _named_in_archive(client, record)
    return Seen(
        planted=planted,
        record=record,
        messages=messages,
        told_after=told_after.get(run_id),
        deaths=deaths.of_runs[run_id],
        named=named,
    )


def _named_in_archive(client: Client, record: Record) -> set[str]:
    """The nodes of `failures.json`, if there is one."""
    if "archive_prefix" not in record:
        return set()
    key = f"{record['archive_prefix']}failures.json"
    if key not in client.keys(key):
        return set()
    body = client.s3.get_object(Bucket=client.outputs.bucket, Key=key)["Body"].read()
    return {str(found["unique_id"]) for found in json.loads(body)["failures"]}
