"""The local stack's DynamoDB in this process: MiniStack's, behind a real client, with no socket.

It is several times as fast as moto's at writes, and as strict about expressions.
"""

import io
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from ministack.services import dynamodb  # type: ignore[import-untyped]


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def new_client() -> Any:
    client = boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    events: Any = client.meta.events
    events.register("before-send.dynamodb", _answer)
    return client


def _answer(request: Any, **_: Any) -> AWSResponse:
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else value
        for name, value in request.headers.items()
    }
    answering = dynamodb.handle_request(request.method, "/", headers, request.body, {})
    try:
        answering.send(None)
    except StopIteration as answered:
        status, headers, body = answered.value
        return AWSResponse(request.url, status, headers, _Body(body))
    raise RuntimeError("MiniStack's DynamoDB waits for something; it used not to")
