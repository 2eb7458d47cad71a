"""The dashboard: five questions, in the order in which somebody who looks asks them."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from functions.shared.metrics import Metric
from infra.base.metrics import OwnMetrics
from infra.parts.function import Function
from infra.parts.queues import Queues
from infra.parts.webhook_api import WebhookApi

_FULL = 24
_HALF = 12
_THIRD = 8

# Logs Insights. The texts of messages are the functions' own; a test runs the functions for them.
REFUSED_BY_REASON = [
    'filter message = "delivery refused"',
    "stats count(*) as deliveries by reason",
    "sort deliveries desc",
]
FAILED_BY_SCHEDULE = [
    'filter message = "delivery accepted" and outcome = "failed"',
    "stats count_distinct(run_key) as failed_runs, latest(run_key) as last_run"
    " by workspace_name, schedule_name",
    "sort failed_runs desc",
    "limit 20",
]
NOT_ARCHIVED = [
    'filter message = "run will be retried" or message like "run given up"',
    "stats count(*) as times, latest(message) as what, latest(reason) as why by run_key",
    "sort times desc",
    "limit 20",
]


class Dashboard(Construct):
    """Named like the stack, so that it is found, and by its region: names are an account's."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        queues: Queues,
        api: WebhookApi,
        ingest: Function,
        fetch: Function,
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, id)
        self._queues, self._api, self._ingest, self._fetch = queues, api, ingest, fetch
        self._own = OwnMetrics(self)
        stack = cdk.Stack.of(self)
        dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"{stack.stack_name}-{stack.region}",
            default_interval=cdk.Duration.days(3),
        )
        dashboard.add_widgets(
            cloudwatch.AlarmStatusWidget(
                title="Alarms; docs/runbook.md has an entry for each", alarms=alarms, width=_FULL
            )
        )
        for question, widgets in (
            ("Are deliveries arriving?", self._arriving()),
            ("Are they being refused?", self._refused()),
            ("Which schedules fail?", self._failing()),
            ("Is the archive keeping up?", self._keeping_up()),
            ("What is stuck?", self._stuck()),
        ):
            dashboard.add_widgets(
                cloudwatch.TextWidget(markdown=f"## {question}", width=_FULL, height=1)
            )
            dashboard.add_widgets(*widgets)

    def _arriving(self) -> list[cloudwatch.IWidget]:
        return [
            _graph(
                "Deliveries stored",
                self._own(Metric.DELIVERIES_ACCEPTED, service="ingest", label="accepted"),
                self._own(Metric.DELIVERIES_QUARANTINED, service="ingest", label="quarantined"),
                width=_HALF,
            ),
            _graph(
                "What the sweep found",
                self._own(
                    Metric.RUNS_FOUND_MISSING,
                    service="sweep",
                    label="runs whose webhook never arrived",
                ),
                self._own(
                    Metric.RUNS_STALE,
                    service="sweep",
                    statistic="Maximum",
                    label="runs recorded as running for too long",
                ),
                self._own(Metric.SWEEP_FAULTS, service="sweep", label="could not be checked"),
                width=_HALF,
            ),
        ]

    def _refused(self) -> list[cloudwatch.IWidget]:
        return [
            _graph(
                "Deliveries not stored",
                self._own(Metric.DELIVERIES_REFUSED, service="ingest", label="401, signature"),
                self._own(Metric.DELIVERIES_TOO_LARGE, service="ingest", label="413, too large"),
                self._own(Metric.DELIVERIES_UNAVAILABLE, service="ingest", label="503, AWS failed"),
                width=_THIRD,
            ),
            _graph(
                "Faults behind 5xx answers",
                self._api.stage.metric_server_error(statistic="Sum", label="5xx"),
                self._ingest.function.metric_errors(label="the function failed"),
                self._ingest.function.metric_throttles(label="it was throttled"),
                width=_THIRD,
            ),
            cloudwatch.LogQueryWidget(
                title="Refusals by reason",
                log_group_names=[self._ingest.log_group.log_group_name],
                query_lines=REFUSED_BY_REASON,
                width=_THIRD,
            ),
        ]

    def _failing(self) -> list[cloudwatch.IWidget]:
        return [
            _graph(
                "Finished runs",
                self._own(Metric.RUNS_FAILED, service="ingest", label="failed"),
                self._own(Metric.RUNS_SUCCEEDED, service="ingest", label="succeeded"),
                self._own(Metric.RUNS_ENDED_OTHERWISE, service="ingest", label="canceled, skipped"),
                self._own(Metric.FAILURES, service="fetch", label="failing nodes and commands"),
                width=_HALF,
            ),
            cloudwatch.LogQueryWidget(
                title="Failed runs by schedule",
                log_group_names=[self._ingest.log_group.log_group_name],
                query_lines=FAILED_BY_SCHEDULE,
                width=_HALF,
            ),
        ]

    def _keeping_up(self) -> list[cloudwatch.IWidget]:
        return [
            _graph(
                "Seconds from a run's end to its archive, or until now",
                self._own(Metric.ARCHIVE_LAG, service="fetch", statistic="p50", label="median"),
                self._own(
                    Metric.ARCHIVE_LAG, service="fetch", statistic="Maximum", label="slowest"
                ),
                width=_THIRD,
            ),
            _graph(
                "Seconds to archive a run",
                self._own(
                    Metric.ARCHIVE_DURATION, service="fetch", statistic="p50", label="median"
                ),
                self._own(
                    Metric.ARCHIVE_DURATION, service="fetch", statistic="Maximum", label="slowest"
                ),
                width=_THIRD,
            ),
            cloudwatch.GraphWidget(
                title="Stored",
                left=[
                    self._own(Metric.RUNS_ARCHIVED, service="fetch", label="runs"),
                    self._own(Metric.FILES_STORED, service="fetch", label="files"),
                ],
                right=[self._own(Metric.BYTES_STORED, service="fetch", label="bytes")],
                width=_THIRD,
            ),
        ]

    def _stuck(self) -> list[cloudwatch.IWidget]:
        queues = self._queues
        return [
            cloudwatch.GraphWidget(
                title="The run queue",
                left=[
                    queues.runs.metric_approximate_number_of_messages_visible(
                        statistic="Maximum", label="runs waiting"
                    ),
                    queues.runs.metric_approximate_number_of_messages_not_visible(
                        statistic="Maximum", label="being archived, or waiting for a retry"
                    ),
                ],
                right=[
                    queues.runs.metric_approximate_age_of_oldest_message(
                        statistic="Maximum", label="age of the oldest, in seconds"
                    )
                ],
                width=_THIRD,
            ),
            _graph(
                "Where somebody has to act",
                *(
                    queue.metric_approximate_number_of_messages_visible(
                        statistic="Maximum", label=label
                    )
                    for queue, label in (
                        (queues.dead_letters, "runs given up (dead letters)"),
                        (queues.quarantine, "deliveries in quarantine"),
                    )
                ),
                width=_THIRD,
            ),
            _graph(
                "What went wrong",
                self._own(
                    Metric.RUNS_TO_TRY_AGAIN, service="fetch", label="attempts that end in a retry"
                ),
                self._own(Metric.RUNS_GIVEN_UP, service="fetch", label="runs given up"),
                self._own(Metric.FILES_MISSING, service="fetch", label="files missing for good"),
                self._own(Metric.FAULTS, service="fetch", label="bugs of ours"),
                self._fetch.function.metric_errors(label="the function was stopped"),
                self._fetch.function.metric_throttles(label="it was throttled"),
                width=_THIRD,
            ),
            cloudwatch.LogQueryWidget(
                title="Runs that are not archived yet, or were given up",
                log_group_names=[self._fetch.log_group.log_group_name],
                query_lines=NOT_ARCHIVED,
                width=_FULL,
            ),
        ]


def _graph(title: str, *metrics: cloudwatch.IMetric, width: int) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(metrics),
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        width=width,
    )
