"""The whole application in one process: the handlers on moto's AWS, a stand-in for Paradime.

moto knows neither event source mappings nor roles: `drain` plays the first (a message that is not
done with is received again once its visibility time-out is over, which `drain` does not wait
for), and `enforced_rights` the second, as far as actions and resources go. The local stack's tests
look after the rest.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.types import TypeDeserializer
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws

from cli.commands.set_up.payloads import with_api_url
from cli.secrets.signing import signed_headers
from functions.fetch import handler as fetch
from functions.ingest import handler as ingest
from functions.sweep import handler as sweep
from local.standin import Standin, load_runs
from local.standin.credentials import DEFAULT_CREDENTIALS
from tests import rights
from tests.rights import Right, needed

EVENTS = Path(__file__).parents[2] / "events"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK_SECRET = json.dumps({"scheme": "standard-webhooks", "secrets": [SECRET]})
API_SECRET = json.dumps(
    {
        "default": {
            "api_key": DEFAULT_CREDENTIALS.api_key,
            "api_secret": DEFAULT_CREDENTIALS.api_secret,
            "workspaces": [DEFAULT_CREDENTIALS.workspace_uid],
        }
    }
)
MAX_RECEIVES = 4

Item = dict[str, Any]


class Context(LambdaContext):
    """Lambda's context, with as much time left as a test says."""

    def __init__(self, remaining_milliseconds: int = 900_000) -> None:
        self.remaining_milliseconds = remaining_milliseconds
        self._function_name = "function"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:function"
        self._aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]
        return self.remaining_milliseconds


@dataclass
class World:
    standin: Standin
    table: str = "runs"
    workspaces_table: str = "workspaces"
    schedules_table: str = "schedules"
    bucket: str = "archive"
    queues: dict[str, str] = field(default_factory=dict)
    topic: str = ""
    receive_counts: Counter[str] = field(default_factory=Counter)

    def send(self, body: bytes, headers: dict[str, str] | None = None) -> Item:
        """Delivers a body through the ingest handler; signed unless `headers` are given."""
        if headers is None:
            headers = signed_headers(WEBHOOK_SECRET, body, datetime.now(UTC))
        event = json.loads((EVENTS / "lambda" / "http_run_completed.json").read_text())
        event |= {"headers": headers, "body": body.decode(), "isBase64Encoded": False}
        return cast(Item, ingest.handler(event, Context()))

    def payload(self, name: str = "run_completed") -> bytes:
        """A sample payload whose API is the stand-in."""
        return with_api_url((EVENTS / f"{name}.json").read_bytes(), self.standin.api_url)

    def drain(self, new_context: Callable[[], LambdaContext] = Context, receives: int = 50) -> int:
        """Feeds the run queue to the fetch handler until it is empty; the number of receives."""
        for receive in range(receives):
            if not self.receive(new_context()):
                return receive
        raise AssertionError(f"the queue is not empty after {receives} receives")

    def receive(self, context: LambdaContext | None = None) -> bool:
        """Feeds one message, if there is one; it can be received again unless it is done with."""
        received = self.sqs.receive_message(
            QueueUrl=self.queues["runs"], VisibilityTimeout=0, AttributeNames=["SentTimestamp"]
        )
        if "Messages" not in received:
            return False
        [message] = received["Messages"]
        handle = {"QueueUrl": self.queues["runs"], "ReceiptHandle": message["ReceiptHandle"]}
        self.receive_counts[message["MessageId"]] += 1
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {
                "ApproximateReceiveCount": str(self.receive_counts[message["MessageId"]]),
                "SentTimestamp": message["Attributes"]["SentTimestamp"],
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:runs",
            "awsRegion": "eu-west-1",
        }
        done = False
        try:
            answer = fetch.handler({"Records": [record]}, context or Context())
            done = not answer["batchItemFailures"]
        finally:
            if done:
                self.sqs.delete_message(**handle)
            else:
                # Another receive of the same message may be done with it.
                with suppress(self.sqs.exceptions.ReceiptHandleIsInvalid):
                    self.sqs.change_message_visibility(**handle, VisibilityTimeout=0)
        return True

    def record(self, run_key: str = "n0sg8br1m44k0ryj#63187") -> Item | None:
        answer = self.dynamodb.get_item(TableName=self.table, Key={"run_key": {"S": run_key}})
        if "Item" not in answer:
            return None
        read = TypeDeserializer().deserialize
        return {name: read(value) for name, value in answer["Item"].items()}

    def schedule(self, name: str, workspace_uid: str = "n0sg8br1m44k0ryj") -> Item:
        """The state of a schedule; empty if there is none."""
        key = {"workspace_uid": workspace_uid, "schedule_key": f"{workspace_uid}#{name}"}
        answer = self.dynamodb.get_item(
            TableName=self.schedules_table, Key={name: {"S": text} for name, text in key.items()}
        )
        read = TypeDeserializer().deserialize
        return {name: read(value) for name, value in answer.get("Item", {}).items()}

    def records(self) -> list[Item]:
        return cast(list[Item], self.dynamodb.scan(TableName=self.table)["Items"])

    def object_keys(self) -> list[str]:
        answer = self.s3.list_objects_v2(Bucket=self.bucket)
        return [item["Key"] for item in answer.get("Contents", [])]

    def objects(self) -> dict[str, bytes]:
        return {key: self.object(key)["Body"].read() for key in self.object_keys()}

    def object(self, key: str) -> Item:
        """What S3 answers, the checksum included."""
        return cast(Item, self.s3.get_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED"))

    def messages(self, queue: str) -> list[str]:
        """The bodies that wait in a queue (`runs`, `dead-letters`, `quarantine`); they stay."""
        found: dict[str, str] = {}
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=self.queues[queue], MaxNumberOfMessages=10, VisibilityTimeout=0
            )
            new = {m["MessageId"]: m["Body"] for m in answer.get("Messages", [])}
            if new.keys() <= found.keys():
                return list(found.values())
            found |= new

    def clear(self) -> None:
        """The table of records, bucket and queues are as empty as at the start."""
        for item in self.records():
            self.dynamodb.delete_item(TableName=self.table, Key={"run_key": item["run_key"]})
        for item in self.dynamodb.scan(TableName=self.schedules_table)["Items"]:
            key = {name: item[name] for name in ("workspace_uid", "schedule_key")}
            self.dynamodb.delete_item(TableName=self.schedules_table, Key=key)
        for upload in self.uploads():
            self.s3.abort_multipart_upload(
                Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )
        if keys := [{"Key": key} for key in self.object_keys()]:
            self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": keys})
        for queue in self.queues:
            self.empty(queue)

    def empty(self, queue: str) -> None:
        """Not by PurgeQueue, which SQS takes once a minute."""
        url = self.queues[queue]
        while messages := self.sqs.receive_message(QueueUrl=url).get("Messages"):
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])

    def forget_workspaces(self) -> None:
        """The workspaces table is as empty as at the start."""
        for item in self.dynamodb.scan(TableName=self.workspaces_table)["Items"]:
            self.dynamodb.delete_item(
                TableName=self.workspaces_table, Key={"workspace_uid": item["workspace_uid"]}
            )
        forget_clients()

    def uploads(self) -> list[Item]:
        """Uploads in parts that were begun and neither completed nor aborted."""
        answer = self.s3.list_multipart_uploads(Bucket=self.bucket)
        return cast(list[Item], answer.get("Uploads", []))

    @cached_property
    def dynamodb(self) -> Any:
        return boto3.client("dynamodb")

    @cached_property
    def s3(self) -> Any:
        return boto3.client("s3")

    @cached_property
    def sqs(self) -> Any:
        return boto3.client("sqs")


@contextmanager
def new_world(patch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        patch.setenv(name, value)
    with (
        mock_aws(),
        Standin(runs=load_runs(EVENTS / "paradime")) as standin,
        enforced_rights(patch),
    ):
        world = World(standin)
        _create(world)
        secrets = boto3.client("secretsmanager")
        for name, value in {
            "TABLE_NAME": world.table,
            "WORKSPACES_TABLE_NAME": world.workspaces_table,
            "SCHEDULES_TABLE_NAME": world.schedules_table,
            "BUCKET_NAME": world.bucket,
            "QUEUE_URL": world.queues["runs"],
            "QUARANTINE_URL": world.queues["quarantine"],
            "DEAD_LETTER_URL": world.queues["dead-letters"],
            "WEBHOOK_SECRET_ARN": secrets.create_secret(
                Name="webhook", SecretString=WEBHOOK_SECRET
            )["ARN"],
            "API_SECRET_ARN": secrets.create_secret(Name="api", SecretString=API_SECRET)["ARN"],
            "ARCHIVE": "failures",
            "HISTORY": "failures",
            "RETENTION_DAYS": "365",
            "API_HOSTS": '["api.paradime.io", "api.*.paradime.io"]',
            "ARTIFACT_PATTERNS": '["*.json", "*.log"]',
            "MAX_ARTIFACT_MIB": "64",
            "MAX_RECEIVES": str(MAX_RECEIVES),
            "RETRY_BASE_SECONDS": "30",
            "RETRY_CAP_SECONDS": "10800",
            "MISSING_GRACE_SECONDS": "3600",
            "REMIND_HOURS": "24",
            "REPO_URL": "https://git.example.com/acme/dbt",
            "FAILED_RUNS_TOPIC_ARN": world.topic,
            "ALLOW_LOOPBACK": "true",
        }.items():
            patch.setenv(name, value)
        forget_clients()
        yield world
        forget_clients()


_roles: list[str | None] = [None]


@contextmanager
def _acting_as(role: str | None) -> Iterator[None]:
    _roles.append(role)
    try:
        yield
    finally:
        _roles.pop()


def not_as_a_function() -> AbstractContextManager[None]:
    """For what a test does in the middle of a function's call."""
    return _acting_as(None)


@contextmanager
def enforced_rights(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a function calls, its role has to allow: other calls are denied, and fail the test."""
    denied: set[tuple[str, Right]] = set()
    make: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, operation: str, arguments: Any) -> Any:
        if role := _roles[-1]:
            right = needed(client.meta.service_model.service_name, operation, arguments)
            if right not in rights.BY_FUNCTION[role] and right[1] != rights.UNKNOWN:
                denied.add((role, right))
                raise ClientError({"Error": {"Code": "AccessDenied"}}, operation)
        return make(client, operation, arguments)

    def acting(role: str, handler: Callable[..., Any]) -> Callable[..., Any]:
        def act(event: Any, context: Any) -> Any:
            with _acting_as(role):
                return handler(event, context)

        return act

    patch.setattr(BaseClient, "_make_api_call", call)
    for role, module in {"ingest": ingest, "fetch": fetch, "sweep": sweep}.items():
        patch.setattr(module, "handler", acting(role, module.handler))
    yield
    assert denied == set()


def forget_clients() -> None:
    """What a new Lambda environment would do: settings, clients and caches begin anew."""
    ingest.receiver.cache_clear()
    fetch.worker.cache_clear()


def create_tables(client: Any) -> None:
    """The tables `runs`, `workspaces` and `schedules`."""
    text = {"run_key", "workspace_uid", "schedule_key", "failed_workspace_uid"}
    listed = {"run_id", "schedule_name", "state", "started_at", "ended_at", "duration_seconds"}
    listed |= {"archive_state"}
    indexes = {
        "by-schedule": ("schedule_key", "started_at"),
        "by-workspace": ("workspace_uid", "started_at"),
        "failed": ("failed_workspace_uid", "ended_at"),
    }
    client.create_table(
        TableName="runs",
        KeySchema=_keys("run_key"),
        AttributeDefinitions=_texts(text | {"started_at", "ended_at"}),
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": _keys(*keys),
                "Projection": {
                    "ProjectionType": "INCLUDE",
                    "NonKeyAttributes": sorted(listed - {*keys}),
                },
            }
            for name, keys in indexes.items()
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for table, keys in {
        "workspaces": ("workspace_uid",),
        "schedules": ("workspace_uid", "schedule_key"),
    }.items():
        client.create_table(
            TableName=table,
            KeySchema=_keys(*keys),
            AttributeDefinitions=_texts(set(keys)),
            BillingMode="PAY_PER_REQUEST",
        )


def _keys(hash_key: str, range_key: str | None = None) -> list[Any]:
    keys = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    return keys + ([{"AttributeName": range_key, "KeyType": "RANGE"}] if range_key else [])


def _texts(names: set[str]) -> list[Any]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in sorted(names)]


def _create(world: World) -> None:
    create_tables(boto3.client("dynamodb"))
    boto3.client("s3").create_bucket(
        Bucket=world.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    world.topic = boto3.client("sns").create_topic(Name="failed-runs")["TopicArn"]
    for name in ("runs", "dead-letters", "quarantine"):
        world.queues[name] = world.sqs.create_queue(QueueName=name)["QueueUrl"]
