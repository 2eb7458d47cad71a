"""The environment that both functions find in the measurements, and their test events."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.secrets.signing import signed_headers

ROOT = Path(__file__).parents[1]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 (the Svix documentation's own)
WEBHOOK_SECRET = json.dumps({"scheme": "standard-webhooks", "secrets": [SECRET]})
CREDENTIALS = {"api_key": "standin-key", "api_secret": "standin-secret"}
API_SECRET = json.dumps({"workspaces": {"n0sg8br1m44k0ryj": CREDENTIALS}})
SECRETS = {"webhook": WEBHOOK_SECRET, "api": API_SECRET}

ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "TABLE_NAME": "runs",
    "WORKSPACES_TABLE_NAME": "workspaces",
    "SCHEDULES_TABLE_NAME": "schedules",
    "BUCKET_NAME": "archive",
    "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/runs",
    "QUARANTINE_URL": "https://sqs.eu-west-1.amazonaws.com/1/quarantine",
    "DEAD_LETTER_URL": "https://sqs.eu-west-1.amazonaws.com/1/dead-letters",
    "FAILED_RUNS_TOPIC_ARN": "arn:aws:sns:eu-west-1:1:failed-runs",
    "WEBHOOK_SECRET_ARN": "webhook",
    "API_SECRET_ARN": "api",
    "ARCHIVE": "failures",
    "HISTORY": "failures",
    "RETENTION_DAYS": "365",
    "API_HOSTS": "[]",
    "ARTIFACT_PATTERNS": '["*.json", "*.log"]',
    "MAX_ARTIFACT_MIB": "2048",
    "MAX_RECEIVES": "20",
    "RETRY_BASE_SECONDS": "30",
    "RETRY_CAP_SECONDS": "10800",
    "MISSING_GRACE_SECONDS": "3600",
    "SWEEP_LOOKBACK_HOURS": "48",
    "STALE_HOURS": "24",
    "REMIND_HOURS": "24",
    "REPO_URL": "",
    "ALLOW_LOOPBACK": "true",
    # What is measured is not the terminal.
    "POWERTOOLS_LOG_LEVEL": "WARNING",
}


def set_environment() -> None:
    os.environ.update(ENVIRONMENT)


class Context:
    """Lambda's context, with time enough."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:1:function:bench"
    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def delivery(body: bytes) -> dict[str, Any]:
    """An API Gateway event with a signed body."""
    event: dict[str, Any] = json.loads(
        (ROOT / "events" / "lambda" / "http_run_completed.json").read_text()
    )
    return event | {
        "headers": signed_headers(WEBHOOK_SECRET, body, datetime.now(UTC)),
        "body": body.decode(),
    }


def message(pointer: str) -> dict[str, Any]:
    """An SQS event with one message."""
    event: dict[str, Any] = json.loads(
        (ROOT / "events" / "lambda" / "sqs_failed_runs.json").read_text()
    )
    [first, *_] = event["Records"]
    return {"Records": [first | {"body": pointer}]}
