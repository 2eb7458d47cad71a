"""AWS answered at the HTTP layer, in the process: no network, and all of botocore's own work.

botocore's event `before-send` gets each request as it would go out, signed and serialised, and
what a handler returns takes the place of the answer. Bodies are read to their end as a socket
would read them. S3 remembers what it was given, without keeping it.
"""

import base64
import gzip
import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import md5, sha256
from io import BytesIO
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from bench.environment import ENVIRONMENT

CHUNK = 1024 * 1024
# What is read back, logs among it; other objects are only counted, so that memory is ours.
KEPT_BYTES = 4096
PUBLISHED = b"<R><PublishResult><MessageId>m</MessageId></PublishResult></R>"


@cache
def schedule() -> dict[str, Any]:
    """The state of a schedule that has run every night for long; no write changes it."""
    from functions.aws.items import typed
    from functions.aws.schedules import to_item
    from functions.history.state import RunFacts, ScheduleState
    from functions.history.telling import fingerprint, with_told

    start = datetime(2023, 8, 1, 2, 0, 1, 476190, tzinfo=UTC)
    state = ScheduleState()
    for night in range(60):
        run = RunFacts(
            run_id=60_000 + 53 * night,
            started_at=start + timedelta(days=night, microseconds=night * 7919),
            outcome="succeeded" if night % 3 else "failed",
            ended_at=f"{start:%Y-%m-%dT%H:%M:%S.%fZ}",
            seconds=300 + night,
            commit_hash="54a1345" * 5 + "abcde",
        )
        state = state.with_run(run)
        state = with_told(state, run, fingerprint(["x"]), remind=timedelta(hours=24))
    key = {"workspace_uid": "n0sg8br1m44k0ryj", "schedule_key": "n0sg8br1m44k0ryj#daily_run"}
    return typed(key | to_item(state) | {"version": 60, "expires_at": 1_800_000_000})


class FakeAws:
    """`calls` counts operations, such as `dynamodb.UpdateItem` or `s3.PutObject`."""

    def __init__(self, secrets: dict[str, str], event: bytes = b"", rank: str = "") -> None:
        self.calls: Counter[str] = Counter()
        self.objects: dict[str, tuple[int, str]] = {}
        self._small: dict[str, bytes] = {}
        self.record: dict[str, Any] = {}
        self._secrets = secrets
        if event:
            self.record = {
                "event_gz": {"B": base64.b64encode(gzip.compress(event)).decode()},
                "event_rank": {"S": rank},
                "source": {"S": "webhook"},
                "delivery_ids": {"SS": ["msg_bench"]},
            }

    def install(self, note: Callable[..., None] | None = None) -> None:
        """From now on the functions' session and boto3's default one ask here.

        To be called before any client is made.

        `note` is told each call's parameters and model, as botocore's handlers are.
        """
        from functions.aws.client import aws_session

        os.environ |= {
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",  # opens nothing
            "AWS_DEFAULT_REGION": "eu-west-1",
        }
        boto3.setup_default_session()
        aws_session.cache_clear()
        sessions: list[Any] = [boto3.DEFAULT_SESSION, aws_session()]
        for session in sessions:
            session.events.register("before-send", self._answer)
            if note is not None:
                session.events.register("provide-client-params", note)

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        target: Any = request.headers.get("X-Amz-Target")
        if urlsplit(request.url).netloc.startswith("sns."):
            return self._count("sns.Publish", request, PUBLISHED)
        if target is None:
            return self._s3(request)
        text = target.decode() if isinstance(target, bytes) else str(target)
        service, operation = text.split(".", 1)
        service = service.partition("_")[0].removeprefix("Amazon").lower()
        self.calls[f"{service}.{operation}"] += 1
        parameters = json.loads(cast(bytes, request.body))
        return _response(request, json.dumps(self._json(operation, parameters)).encode())

    def _json(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "GetSecretValue":
                return {"SecretString": self._secrets[body["SecretId"]]}
            case "GetItem" if body["TableName"] == ENVIRONMENT["SCHEDULES_TABLE_NAME"]:
                runs = base64.b64encode(schedule()["runs"]["B"]).decode()
                return {"Item": schedule() | {"runs": {"B": runs}}}
            case "GetItem":
                return {"Item": self.record} if self.record else {}
            case "UpdateItem":
                written = body.get("ExpressionAttributeValues", {})
                attributes = {name.lstrip(":"): value for name, value in written.items()}
                if self.record:
                    self.record |= attributes
                return {"Attributes": attributes}
            case "Scan" | "Query":
                return {"Items": []}
            case "SendMessage":
                digest = _md5(body["MessageBody"].encode())
                return {"MessageId": "m", "MD5OfMessageBody": digest}
            case _:
                return {}

    def _s3(self, request: AWSPreparedRequest) -> AWSResponse:
        url = urlsplit(request.url)
        query = parse_qs(url.query, keep_blank_values=True)
        key = unquote(url.path).lstrip("/")
        match request.method:
            case "GET" if "list-type" in query:
                return self._count("s3.ListObjectsV2", request, self._listing(query["prefix"][0]))
            case "GET":
                body = self._small[key]
                headers = {"Content-Length": str(len(body))}
                return self._count("s3.GetObject", request, body, headers)
            case "HEAD":
                size, digest = self.objects[key]
                headers = {
                    "Content-Length": str(size),
                    "ETag": "e",
                    "x-amz-checksum-sha256": digest,
                }
                return self._count("s3.HeadObject", request, headers=headers)
            case "POST" if "uploads" in query:
                answer = b"<R><UploadId>u</UploadId></R>"
                return self._count("s3.CreateMultipartUpload", request, answer)
            case "POST":
                self.objects[key] = (0, "-")
                return self._count("s3.CompleteMultipartUpload", request, b"<R></R>")
            case "PUT" if "partNumber" in query:
                _drain(request.body)
                return self._count("s3.UploadPart", request, headers={"ETag": "e"})
            case "PUT":
                body, size, digest = _drain(request.body)
                self.objects[key] = size, digest
                if size <= KEPT_BYTES:
                    self._small[key] = body
                return self._count("s3.PutObject", request, headers={"ETag": "e"})
            case other:
                raise AssertionError(f"no {other} {url.path} here")

    def _listing(self, prefix: str) -> bytes:
        keys = "".join(
            f"<Contents><Key>{key}</Key><Size>{size}</Size><ETag>e</ETag></Contents>"
            for key, (size, _) in self.objects.items()
            if key.startswith(prefix)
        )
        listing = f"<IsTruncated>false</IsTruncated>{keys}"
        return f"<ListBucketResult>{listing}</ListBucketResult>".encode()

    def _count(
        self,
        call: str,
        request: AWSPreparedRequest,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> AWSResponse:
        self.calls[call] += 1
        return _response(request, body, headers)


class _Raw(BytesIO):
    def stream(self, amt: int = CHUNK, decode_content: bool | None = None) -> Any:
        while data := self.read(amt):
            yield data


def _response(
    request: AWSPreparedRequest, body: bytes, headers: dict[str, str] | None = None
) -> AWSResponse:
    return AWSResponse(request.url, 200, headers or {}, _Raw(body))  # type: ignore[arg-type]


def _drain(body: Any) -> tuple[bytes, int, str]:
    """Reads a body in bounded pieces; itself if it is small, its size and base64 SHA-256."""
    if body is None or isinstance(body, bytes | bytearray):
        data = bytes(body or b"")
        return data, len(data), base64.b64encode(sha256(data).digest()).decode()
    size, tail, small = 0, b"", b""
    while data := body.read(CHUNK):
        small = data if size == 0 else b""
        size += len(data)
        tail = (tail + data)[-200:]
    checksum = tail.rpartition(b"x-amz-checksum-sha256:")[2].strip().decode(errors="replace")
    return _unframed(small), size, checksum


def _unframed(data: bytes) -> bytes:
    """The content of one aws-chunked chunk: its length in hex, a line's end, itself."""
    length, _, content = data.partition(b"\r\n")
    try:
        return content[: int(length, 16)]
    except ValueError:
        return b""


def _md5(data: bytes) -> str:
    return md5(data, usedforsecurity=False).hexdigest()
