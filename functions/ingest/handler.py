"""The ingest Lambda: `POST /webhooks/paradime`."""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.ingest import http
from functions.ingest.receive import Receiver
from functions.ingest.settings import from_environment
from functions.shared.aws import CLIENT_CONFIG
from functions.shared.errors import SignatureError, TooLargeError, UnavailableError
from functions.shared.intake import Intake
from functions.shared.metrics import NAMESPACE, Metric
from functions.shared.queue import Queue
from functions.shared.secret import Secret
from functions.shared.table import RunsTable
from functions.shared.workspaces import WorkspacesTable

logger = Logger(service="ingest")
metrics = Metrics(namespace=NAMESPACE, service="ingest")


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    answer, metric = _answer(event)
    metrics.add_metric(metric, MetricUnit.Count, 1)
    return answer.to_gateway()


def _answer(event: dict[str, Any]) -> tuple[http.Answer, Metric]:
    try:
        answer = receiver().receive(http.from_gateway(event), datetime.now(UTC))
    except SignatureError as e:
        logger.warning("delivery refused", reason=e.reason)
        return http.UNAUTHORIZED, Metric.DELIVERIES_REFUSED
    except TooLargeError as e:
        logger.error("delivery too large", reason=str(e))
        return http.TOO_LARGE, Metric.DELIVERIES_TOO_LARGE
    except UnavailableError as e:
        logger.error("delivery not stored", reason=str(e))
        return http.UNAVAILABLE, Metric.DELIVERIES_UNAVAILABLE
    if answer is http.QUARANTINED:
        return answer, Metric.DELIVERIES_QUARANTINED
    return answer, Metric.DELIVERIES_ACCEPTED


@cache
def receiver() -> Receiver:
    settings = from_environment()
    sqs = boto3.client("sqs", config=CLIENT_CONFIG)
    dynamodb = boto3.client("dynamodb", config=CLIENT_CONFIG)
    return Receiver(
        secret=Secret(
            boto3.client("secretsmanager", config=CLIENT_CONFIG), settings.webhook_secret_arn
        ),
        intake=Intake(
            table=RunsTable(dynamodb, settings.table_name),
            runs=Queue(sqs, settings.queue_url),
            archive=settings.archive,
            keep=timedelta(days=settings.retention_days),
        ),
        workspaces=WorkspacesTable(dynamodb, settings.workspaces_table_name),
        quarantine=Queue(sqs, settings.quarantine_url),
    )


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Lambda gives its start-up a whole processor and the calls only a share of one.
    receiver()
