"""AWS for the ingest handler, in the process.

The handler's own boto3 clients make every request and check its parameters; botocore's event
`before-call` then gives the answer in place of the network. What the services themselves would
refuse beyond that, they do not refuse here.
"""

import base64
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast
from unittest import mock

import boto3
from botocore.awsrequest import AWSResponse

from functions.ingest import handler as ingest
from functions.intake import quarantine

ENVIRONMENT = {
    "TABLE_NAME": "runs",
    "WORKSPACES_TABLE_NAME": "workspaces",
    "SCHEDULES_TABLE_NAME": "schedules",
    "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/runs",
    "QUARANTINE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/quarantine",
    "WEBHOOK_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhook",
    "API_HOSTS": '["api.paradime.io"]',
    "ARCHIVE": "failures",
    "HISTORY": "failures",
    "RETENTION_DAYS": "365",
    "ALLOW_LOOPBACK": "false",
}


class InProcessAws:
    """Counts reads of the webhook secret and, since `forget`, writes by table or queue."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secret = json.dumps({"scheme": "standard-webhooks", "secrets": list(secrets)})
        self.secret_reads = 0
        self.writes: Counter[str] = Counter()
        self.quarantined: list[bytes] = []

    def forget(self) -> None:
        self.writes.clear()
        self.quarantined.clear()

    def answer(
        self, *, model: Any, params: dict[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]]:
        parsed: dict[str, Any] = {}
        match model.name:
            case "GetSecretValue":
                self.secret_reads += 1
                parsed = {"SecretString": self._secret}
            case "GetItem" | "Query":
                parsed = {"Items": [], "Count": 0}
            case "UpdateItem" | "PutItem":
                request = json.loads(params["body"])
                self.writes[request["TableName"]] += 1
                parsed = {"Attributes": _written(request)}
            case "SendMessage":
                message = json.loads(params["body"])
                self.writes[message["QueueUrl"]] += 1
                if message["QueueUrl"] == ENVIRONMENT["QUARANTINE_URL"]:
                    self.quarantined.append(quarantine.parse(message["MessageBody"]).body)
            case other:
                raise AssertionError(f"ingest calls {other}")
        return AWSResponse("", 200, cast(Any, {}), None), parsed


def _written(request: dict[str, Any]) -> dict[str, Any]:
    """The attributes that a request sets, as far as it names them."""
    values = request.get("ExpressionAttributeValues", {})
    names = request.get("ExpressionAttributeNames", {})
    set_ones = {name: values[f":{name}"] for name in names.values() if f":{name}" in values}
    return {name: _parsed(value) for name, value in set_ones.items()}


def _parsed(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"])} if "B" in value else value


@contextmanager
def in_process_aws(secrets: Sequence[str]) -> Iterator[InProcessAws]:
    """The handler begins anew with clients that `InProcessAws` answers."""
    aws = InProcessAws(secrets)
    session = boto3.Session("access-key", "secret-key", region_name="eu-west-1")
    session.events.register("before-call", cast(Any, aws.answer))
    with (
        mock.patch.dict(os.environ, ENVIRONMENT),
        mock.patch.object(ingest, "aws_session", return_value=session),
    ):
        ingest.receiver.cache_clear()
        yield aws
        ingest.receiver.cache_clear()
