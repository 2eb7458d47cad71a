"""The ingest Lambda: `POST /webhooks/paradime`."""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws.chronicle import Chronicle
from functions.aws.client import aws_session
from functions.aws.queue import Queue
from functions.aws.schedules import SchedulesTable
from functions.aws.secret import Secret
from functions.aws.table import RunsTable
from functions.aws.workspaces import WorkspacesTable
from functions.ingest import http
from functions.ingest.receive import Receiver
from functions.ingest.settings import Settings
from functions.ingest.workspaces import WorkspaceNotes
from functions.intake.intake import Intake
from functions.run.outcome import ending
from functions.shared.errors import RunArchiveError
from functions.shared.metrics import Metric, namespace

logger = Logger(service="ingest")
metrics = Metrics(namespace=namespace(), service="ingest")

# By the status that the error asks for.
REFUSALS = {
    401: (http.UNAUTHORIZED, "delivery refused", Metric.DELIVERIES_REFUSED),
    413: (http.TOO_LARGE, "delivery too large", Metric.DELIVERIES_TOO_LARGE),
    503: (http.UNAVAILABLE, "delivery not stored", Metric.DELIVERIES_UNAVAILABLE),
}
RUNS_BY_ENDING = {
    "failed": Metric.RUNS_FAILED,
    "succeeded": Metric.RUNS_SUCCEEDED,
    "other": Metric.RUNS_ENDED_OTHERWISE,
}


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return _answer(event).to_gateway()


def _answer(event: dict[str, Any]) -> http.Answer:
    try:
        received = receiver().receive(http.from_gateway(event), datetime.now(UTC))
    except RunArchiveError as e:
        return _refuse(e)
    except Exception:
        # Lambda's own log line would name neither the delivery nor the run.
        logger.exception("delivery processing failed")
        raise
    if received is None:
        _count(Metric.DELIVERIES_QUARANTINED)
        return http.QUARANTINED
    metrics.add_metadata("run_key", received.run_key)
    _count(Metric.DELIVERIES_ACCEPTED)
    if (ended := ending(received)) is not None:
        _count(RUNS_BY_ENDING[ended])
    return http.accepted(f"{received.workspace.uid}/{received.id}")


def _refuse(error: RunArchiveError) -> http.Answer:
    answer, message, metric = REFUSALS[error.status]
    # Anybody on the internet can send a delivery that is refused for its signature.
    log = logger.warning if answer is http.UNAUTHORIZED else logger.error
    log(message, reason=str(error))
    _count(metric)
    return answer


def _count(metric: Metric) -> None:
    metrics.add_metric(metric, MetricUnit.Count, 1)


@cache
def receiver() -> Receiver:
    settings = Settings.read()
    aws = aws_session()
    sqs = aws.client("sqs")
    dynamodb = aws.client("dynamodb")
    table = RunsTable(dynamodb, settings.table_name)
    keep = timedelta(days=settings.retention_days)
    schedules = SchedulesTable(dynamodb, settings.schedules_table_name)
    return Receiver(
        secret=Secret(aws.client("secretsmanager"), settings.webhook_secret_arn),
        intake=Intake(
            table=table,
            chronicle=Chronicle(schedules, table, keep),
            runs=Queue(sqs, settings.queue_url),
            archive=settings.archive,
            history=settings.history,
            keep=keep,
        ),
        notes=WorkspaceNotes(
            workspaces=WorkspacesTable(dynamodb, settings.workspaces_table_name),
            runs=table,
            hosts=settings.api_hosts,
            allow_loopback=settings.allow_loopback,
        ),
        quarantine=Queue(sqs, settings.quarantine_url),
    )


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Lambda gives the start-up a whole processor, and invocations only a share of one.
    receiver()
