"""The metrics that the functions emit, as alarms and dashboard read them."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from functions.shared.metrics import Metric

_FIVE_MINUTES = cdk.Duration.minutes(5)


class OwnMetrics:
    """Those of one stack: the namespace is its name, so that stages do not count together."""

    def __init__(self, scope: Construct) -> None:
        self._namespace = namespace(scope)

    def __call__(
        self,
        metric: Metric,
        *,
        service: str,
        statistic: str = "Sum",
        period: cdk.Duration = _FIVE_MINUTES,
        label: str | None = None,
    ) -> cloudwatch.Metric:
        """`service`, which Powertools gives each as its dimension, is the function's package."""
        return cloudwatch.Metric(
            namespace=self._namespace,
            metric_name=metric.value,
            dimensions_map={"service": service},
            statistic=statistic,
            period=period,
            label=label,
        )


def namespace(scope: Construct) -> str:
    return cdk.Stack.of(scope).stack_name
