"""Lambda test events made from the payloads: what API Gateway and SQS hand to the functions.

Ids, account and addresses are placeholders, and so is the signature: whoever sends an HTTP event
through the ingest function signs its body first.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROUTE = "/webhooks/paradime"
HOST = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
ACCOUNT = "123456789012"


def all_events(folder: Path) -> dict[str, dict[str, Any]]:
    """Test events by name, from the payload files in `folder`."""
    completed = (folder / "run_completed.json").read_bytes()
    return {
        "http_run_started": http_event((folder / "run_started_63187.json").read_bytes()),
        "http_run_completed": http_event(completed),
        "http_run_completed_base64": http_event(completed, encoded=True),
        "sqs_failed_runs": {
            "Records": [
                sqs_record((folder / f"{name}.json").read_bytes())
                for name in ("run_completed", "run_completed_tests")
            ]
        },
    }


def http_event(body: bytes, *, encoded: bool = False) -> dict[str, Any]:
    """HTTP API payload 2.0. A body that is neither text nor JSON by its type comes `encoded`."""
    sent = sent_at(body)
    return {
        "version": "2.0",
        "routeKey": f"POST {ROUTE}",
        "rawPath": ROUTE,
        "rawQueryString": "",
        "headers": {
            "content-length": str(len(body)),
            "content-type": "application/octet-stream" if encoded else "application/json",
            "host": HOST,
            "svix-id": "msg_placeholder",
            "svix-signature": f"v1,{base64.b64encode(bytes(32)).decode()}",
            "svix-timestamp": str(int(sent.timestamp())),
            "x-forwarded-for": "192.0.2.10",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": HOST.partition(".")[0],
            "domainName": HOST,
            "domainPrefix": HOST.partition(".")[0],
            "http": {
                "method": "POST",
                "path": ROUTE,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.10",
                "userAgent": "webhook-sender",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": f"POST {ROUTE}",
            "stage": "$default",
            "time": sent.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": epoch_ms(sent),
        },
        "body": base64.b64encode(body).decode() if encoded else body.decode(),
        "isBase64Encoded": encoded,
    }


def sqs_record(body: bytes) -> dict[str, Any]:
    """The queue's record with the pointer to the run that failed, received for the first time."""
    run = json.loads(body)
    pointer = json.dumps(
        {
            "schema": 1,
            "event": "bolt.run.completed",
            "workspace_uid": run["workspace"]["uid"],
            "run_id": run["id"],
            "schedule_name": run["schedule_name"],
            "status": run["status"],
        }
    )
    sent = str(epoch_ms(sent_at(body)))
    return {
        "messageId": f"00000000-0000-4000-8000-{run['id']:012d}",
        "receiptHandle": f"receipt-handle-{run['id']}",
        "body": pointer,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": sent,
            "SenderId": "AROAEXAMPLE:ingest",
            "ApproximateFirstReceiveTimestamp": sent,
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(pointer.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:{ACCOUNT}:failed-runs",
        "awsRegion": "eu-central-1",
    }


def sent_at(body: bytes) -> datetime:
    """A delivery leaves when the run ends, or, for a started event, when it starts."""
    run = json.loads(body)
    instant = datetime.fromisoformat(run.get("end_dttm", run["start_dttm"]))
    return instant.replace(tzinfo=UTC)


def epoch_ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
