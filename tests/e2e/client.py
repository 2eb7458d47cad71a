"""What the tests do with a running local stack: send, wait, look."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

import requests
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config

from cli.secrets.signing import signed_headers
from local.stack.outputs import Outputs

Record = dict[str, Any]

_read = TypeDeserializer().deserialize


# Far more than anything takes, on a busy machine too: only what never comes waits so long.
PATIENCE_SECONDS = 600


def eventually(look: Callable[[], bool], what: str, within: float = PATIENCE_SECONDS) -> bool:
    """True as soon as `look` is."""
    deadline = time.monotonic() + within
    while not look():
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(0.05)
    return True


@dataclass(frozen=True)
class Client:
    """The operator of one local stack, and its sender of deliveries."""

    outputs: Outputs

    def aws(self, service: Any, config: Config | None = None) -> Any:
        session = self.outputs.operator.session()
        endpoint_url = self.outputs.endpoint_url
        return session.client(service, endpoint_url=endpoint_url, config=config)

    @cached_property
    def s3(self) -> Any:
        return self.aws("s3")

    @cached_property
    def sqs(self) -> Any:
        return self.aws("sqs")

    @cached_property
    def webhook_secret(self) -> str:
        """Its JSON, with the secret that was made at the first start."""
        return json.dumps({"scheme": "standard-webhooks", "secrets": [self.outputs.signing_secret]})

    def signed_headers(self, body: bytes) -> dict[str, str]:
        return signed_headers(self.webhook_secret, body, datetime.now(UTC))

    def send(self, body: bytes, headers: dict[str, str] | None = None) -> requests.Response:
        """Delivers a body; signed unless `headers` are given."""
        if headers is None:
            headers = self.signed_headers(body)
        return requests.post(
            self.outputs.webhook_url, data=body, headers=headers, timeout=PATIENCE_SECONDS
        )

    def record(self, run_key: str) -> Record:
        """A run's record; empty if there is none."""
        answer = self.aws("dynamodb").get_item(
            TableName=self.outputs.table, Key={"run_key": {"S": run_key}}, ConsistentRead=True
        )
        return {name: _read(value) for name, value in answer.get("Item", {}).items()}

    def records(self) -> list[Record]:
        pages = self.aws("dynamodb").get_paginator("scan").paginate(TableName=self.outputs.table)
        return [
            {name: _read(value) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]

    def await_archive_state(self, run_key: str, state: str) -> Record:
        def reached() -> bool:
            return self.record(run_key).get("archive_state") == state

        eventually(reached, f"run {run_key} is {state}")
        return self.record(run_key)

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.outputs.bucket, Prefix=prefix
        )
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def object(self, key: str) -> bytes:
        content: bytes = self.s3.get_object(Bucket=self.outputs.bucket, Key=key)["Body"].read()
        return content

    def objects(self, prefix: str) -> dict[str, bytes]:
        return {key: self.object(key) for key in self.keys(prefix)}

    def messages(self, queue_url: str) -> list[str]:
        """The bodies that wait in a queue; they stay."""
        found: dict[str, str] = {}
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0
            )
            new = {m["MessageId"]: m["Body"] for m in answer.get("Messages", ())}
            if new.keys() <= found.keys():
                return list(found.values())
            found |= new

    def is_empty(self, queue_url: str) -> bool:
        """No message waits, is hidden or is delayed."""
        return not any(self._counts(queue_url).values())

    def waiting(self, queue_url: str) -> int:
        """How many messages could be received now."""
        return self._counts(queue_url)["ApproximateNumberOfMessages"]

    def _counts(self, queue_url: str) -> dict[str, int]:
        kinds = ["", "NotVisible", "Delayed"]
        counts = self.sqs.get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=[f"ApproximateNumberOfMessages{kind}" for kind in kinds],
        )["Attributes"]
        return {name: int(count) for name, count in counts.items()}

    def matching_lines(self, log_group: str, *texts: str) -> int:
        """How many lines have all texts in them; `log_group` is part of the group's name."""
        logs = self.aws("logs")
        groups = [
            group["logGroupName"]
            for page in logs.get_paginator("describe_log_groups").paginate()
            for group in page["logGroups"]
        ]
        [name] = [group for group in groups if log_group in group]
        return sum(all(text in line for text in texts) for line in self._lines_of(logs, name))

    def log_lines(self) -> Iterator[str]:
        """Every line in every log group."""
        logs = self.aws("logs")
        for page in logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                yield from self._lines_of(logs, group["logGroupName"])

    def _lines_of(self, logs: Any, group: str) -> Iterator[str]:
        # Stream by stream: the embedded AWS filters the events of a whole group without pages,
        # and silently no more than 10,000 of them.
        for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group):
            for stream in page["logStreams"]:
                yield from _lines_of_stream(logs, group, stream["logStreamName"])


def _lines_of_stream(logs: Any, group: str, stream: str) -> Iterator[str]:
    """Page by page; at the end a page has the very token that it was asked for with."""
    read = partial(
        logs.get_log_events, logGroupName=group, logStreamName=stream, startFromHead=True
    )
    token, answer = "", read()
    while answer["nextForwardToken"] != token:
        yield from (event["message"] for event in answer["events"])
        token = answer["nextForwardToken"]
        answer = read(nextToken=token)
