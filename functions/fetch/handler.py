"""The fetch Lambda: archives the runs to which the queue's messages point."""

import os
import random
import time
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws.bucket import ArchiveBucket
from functions.aws.chronicle import Chronicle
from functions.aws.client import aws_session
from functions.aws.queue import Queue
from functions.aws.schedules import SchedulesTable
from functions.aws.secret import Secret
from functions.aws.table import RunsTable
from functions.aws.topic import Topic
from functions.aws.workspaces import WorkspacesTable
from functions.fetch.archive import Archiver
from functions.fetch.files import WORKERS
from functions.fetch.heartbeat import heartbeat
from functions.fetch.received import Received, delay_seconds
from functions.fetch.settings import Settings
from functions.intake import pointer as pointers
from functions.intake.pointer import Pointer
from functions.message.messenger import Messenger
from functions.message.story import FormerRuns
from functions.paradime.download import Downloader
from functions.paradime.headers import HeaderProvider
from functions.paradime.session import new_session
from functions.run.archive_outcome import ArchiveOutcome
from functions.shared.deadline import Deadline
from functions.shared.errors import Disposition, RunArchiveError
from functions.shared.metrics import Metric, namespace

logger = Logger(service="fetch")
metrics = Metrics(namespace=namespace(), service="fetch")


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Returns the messages that have to be received again."""
    deadline = Deadline(context.get_remaining_time_in_millis)
    messages = map(Received.from_record, event["Records"])
    again = [one.message_id for one in messages if not worker().receive(one, deadline)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


class Worker:
    """Processes messages: each run is archived, retried later, or given up."""

    def __init__(
        self, settings: Settings, archiver: Archiver, runs: Queue, dead_letters: Queue
    ) -> None:
        self._settings = settings
        self._archiver = archiver
        self._runs = runs
        self._dead_letters = dead_letters

    def receive(self, message: Received, deadline: Deadline) -> bool:
        """Whether the message is done with. If not, it is received again."""
        logger.append_keys(receive_count=message.receive_count)
        try:
            return self._receive(message, deadline)
        except RunArchiveError as e:
            # Not even the error could be dealt with. Left alone, the message is received again
            # after the queue's visibility timeout.
            logger.error("message left for redelivery", reason=str(e))
        except Exception:
            logger.exception("archiving failed")
            metrics.add_metric(Metric.FAULTS, MetricUnit.Count, 1)
        return False

    def _receive(self, message: Received, deadline: Deadline) -> bool:
        pointer: Pointer | None = None
        last = message.receive_count >= self._settings.max_receives
        begun = time.monotonic()
        try:
            pointer = pointers.parse(message.body)
            logger.append_keys(run_key=pointer.run_key)
            metrics.add_metadata("run_key", pointer.run_key)
            with heartbeat(self._runs, message.receipt_handle):
                outcome = self._archiver.archive(pointer, message.message_id, deadline, last=last)
        except RunArchiveError as e:
            if last and e.disposition is Disposition.OVERTAKEN:
                logger.info("run left to a new message", reason=str(e))
                self._runs.send(message.body)
                return True
            if last or e.disposition is Disposition.DEAD_LETTER:
                self._give_up(message, pointer, e)
                return True
            self._retry(message, e)
            return False
        if outcome is None:
            logger.info("nothing left to archive")
            metrics.add_metric(Metric.RUNS_ARCHIVED, MetricUnit.Count, 0)
        else:
            logger.info("run archived", **outcome.log_fields())
            _count(outcome, seconds=time.monotonic() - begun)
        return True

    def _give_up(self, message: Received, pointer: Pointer | None, error: RunArchiveError) -> None:
        """The record comes first: if this stops halfway, the message is received again."""
        if pointer is not None and not self._archiver.give_up(
            pointer, message.message_id, str(error)
        ):
            logger.info("run left to another message", reason=str(error))
            return
        logger.error("run given up; its pointer goes to the dead-letter queue", reason=str(error))
        self._dead_letters.send(message.body)
        metrics.add_metric(Metric.RUNS_GIVEN_UP, MetricUnit.Count, 1)

    def _retry(self, message: Received, error: RunArchiveError) -> None:
        delay = 0
        if error.disposition is not Disposition.RESUME:
            delay = delay_seconds(
                receive_count=message.receive_count,
                base=self._settings.retry_base_seconds,
                cap=self._settings.retry_cap_seconds,
                retry_after=error.retry_after,
                jitter=random.random(),  # noqa: S311 (spreads load, guards nothing)
            )
        logger.warning("run will be retried", reason=str(error), delay_seconds=delay)
        self._runs.delay(message.receipt_handle, delay)
        metrics.add_metric(Metric.RUNS_TO_TRY_AGAIN, MetricUnit.Count, 1)
        metrics.add_metric(Metric.ARCHIVE_LAG, MetricUnit.Seconds, time.time() - message.sent_at)


def _count(outcome: ArchiveOutcome, *, seconds: float) -> None:
    metrics.add_metric(Metric.RUNS_ARCHIVED, MetricUnit.Count, 1)
    metrics.add_metric(Metric.FILES_STORED, MetricUnit.Count, outcome.files)
    metrics.add_metric(Metric.FILES_MISSING, MetricUnit.Count, outcome.missing)
    metrics.add_metric(Metric.BYTES_STORED, MetricUnit.Bytes, outcome.bytes)
    metrics.add_metric(Metric.FAILURES, MetricUnit.Count, outcome.failure_count)
    metrics.add_metric(Metric.ARCHIVE_DURATION, MetricUnit.Seconds, seconds)
    if outcome.lag_seconds is not None:
        metrics.add_metric(Metric.ARCHIVE_LAG, MetricUnit.Seconds, outcome.lag_seconds)


@cache
def worker() -> Worker:
    settings = Settings.read()
    aws = aws_session()
    sqs = aws.client("sqs")
    session = new_session(WORKERS, allow_loopback=settings.allow_loopback)
    dynamodb = aws.client("dynamodb")
    table = RunsTable(dynamodb, settings.table_name)
    bucket = ArchiveBucket(aws.client("s3"), settings.bucket_name)
    schedules = SchedulesTable(dynamodb, settings.schedules_table_name)
    return Worker(
        settings,
        Archiver(
            table=table,
            bucket=bucket,
            session=session,
            headers=HeaderProvider(
                secret=Secret(aws.client("secretsmanager"), settings.api_secret_arn),
                workspaces=WorkspacesTable(dynamodb, settings.workspaces_table_name),
                hosts=settings.api_hosts,
                allow_loopback=settings.allow_loopback,
            ),
            downloader=Downloader(
                session,
                max_bytes=settings.max_artifact_mib * 1024 * 1024,
                allow_loopback=settings.allow_loopback,
            ),
            messenger=Messenger(
                topic=Topic(aws.client("sns"), settings.failed_runs_topic_arn),
                table=table,
                chronicle=Chronicle(schedules, table, timedelta(days=settings.retention_days)),
                former=FormerRuns(table, bucket),
                remind=timedelta(hours=settings.remind_hours),
                repo_url=settings.repo_url,
            ),
            artifact_patterns=settings.artifact_patterns,
            missing_grace=timedelta(seconds=settings.missing_grace_seconds),
        ),
        runs=Queue(sqs, settings.queue_url),
        dead_letters=Queue(sqs, settings.dead_letter_url),
    )


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Lambda gives the start-up a whole processor, and invocations only a share of one.
    worker()
