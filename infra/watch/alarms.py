"""The alarms. Each has an entry of its title in docs/runbook.md."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from functions.shared.metrics import Metric
from infra.base.metrics import OwnMetrics
from infra.parts.function import Function
from infra.parts.queues import Queues
from infra.parts.webhook_api import WebhookApi

# What Paradime does not have yet is waited for until an hour after the run's end.
_LATE = cdk.Duration.hours(2)
_UNTOUCHED = cdk.Duration.minutes(30)
# One run whose deliveries are refused: a started and a completed one, each sent four times within
# 36 minutes. A stray request or two an hour is no reason to be woken.
_REFUSALS_AN_HOUR = 5


class Alarms(Construct):
    """What nobody would notice otherwise. Each metric of an alarm costs $0.10 a month.

    A fault rings one alarm, not three: a 5xx answer covers whatever kept a delivery from being
    stored, be it an error, a time-out or the throttling of the function, or a service that it
    could not reach. The dashboard tells them apart.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        topic: sns.ITopic,
        queues: Queues,
        api: WebhookApi,
        fetch: Function,
        sweep: Function,
        sweep_hours: int,
        silence_hours: int,
    ) -> None:
        super().__init__(scope, id)
        self.all: list[cloudwatch.Alarm] = []
        self._action = actions.SnsAction(topic)
        own, hour = OwnMetrics(self), cdk.Duration.hours(1)
        self._add(
            "Dead letters",
            "Runs were given up, and their archives are incomplete.",
            queues.dead_letters.metric_approximate_number_of_messages_visible(statistic="Maximum"),
        )
        self._add(
            "Quarantine",
            "Genuine deliveries could not be understood and wait in the quarantine queue.",
            queues.quarantine.metric_approximate_number_of_messages_visible(statistic="Maximum"),
        )
        self._add(
            "Too large",
            "Genuine deliveries were answered 413: no record can hold them.",
            own(Metric.DELIVERIES_TOO_LARGE, service="ingest", period=hour),
        )
        self._add(
            "Ingest faults",
            "Deliveries were answered 5xx: they are not stored. Paradime repeats them for a day.",
            api.stage.metric_server_error(statistic="Sum"),
        )
        self._add(
            "Archive faults",
            "A run made the fetch function hit a bug. Other runs are archived as usual.",
            own(Metric.FAULTS, service="fetch"),
        )
        self._add(
            "Archive stopped",
            "The fetch function did not start, or ran out of time or memory.",
            fetch.function.metric_errors(),
        )
        self._add(
            "Throttling",
            "Lambda did not run the fetch function, because the account's concurrency is used up.",
            fetch.function.metric_throttles(),
        )
        self._add(
            "Oldest message",
            "A run has waited in the queue for half an hour.",
            queues.runs.metric_approximate_age_of_oldest_message(statistic="Maximum"),
            threshold=_UNTOUCHED.to_seconds(),
        )
        self._add(
            "Refused signatures",
            "Deliveries are refused, because their signatures do not verify.",
            own(Metric.DELIVERIES_REFUSED, service="ingest", period=hour),
            threshold=_REFUSALS_AN_HOUR,
        )
        self._add(
            "Archive lag",
            "A run's archive was completed hours after the run ended, or still is not complete.",
            own(Metric.ARCHIVE_LAG, service="fetch", statistic="Maximum"),
            threshold=_LATE.to_seconds(),
        )
        self._add(
            "Missed runs",
            "The sweep found finished runs whose webhook never arrived.",
            own(Metric.RUNS_FOUND_MISSING, service="sweep", period=hour),
        )
        if sweep_hours:
            between_sweeps = cdk.Duration.hours(sweep_hours)
            self._add(
                "Sweep faults",
                "Three sweeps in a row could not check everything.",
                own(Metric.SWEEP_FAULTS, service="sweep", period=between_sweeps),
                periods=3,
            )
            self._add(
                "Sweep stopped",
                "Three sweeps in a row failed: they could not begin, or ran out of time or memory.",
                sweep.function.metric_errors(period=between_sweeps),
                periods=3,
            )
        if silence_hours:
            self._add(
                "Silence",
                f"No delivery has been accepted for {silence_hours} hours.",
                own(Metric.DELIVERIES_ACCEPTED, service="ingest", period=hour),
                operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                periods=silence_hours,
                missing=cloudwatch.TreatMissingData.BREACHING,
            )

    def _add(
        self,
        title: str,
        said: str,
        metric: cloudwatch.IMetric,  # one, without metric math: the embedded AWS knows none
        *,
        threshold: float = 1,
        operator: cloudwatch.ComparisonOperator = (
            cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        ),
        periods: int = 1,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            "".join(map(str.capitalize, title.split())),
            alarm_description=f'{said} What to do: docs/runbook.md, "{title}".',
            metric=metric,
            threshold=threshold,
            comparison_operator=operator,
            evaluation_periods=periods,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        self.all.append(alarm)
