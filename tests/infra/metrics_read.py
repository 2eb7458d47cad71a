"""Which metrics a template reads, wherever it reads them.

A dimension's value is plain text, or a reference such as `«QueuesRuns»`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.infra.templates import of_type, without_hash
from tests.integration.observed import MetricId

# Whose value each dimension of AWS's own metrics is, and from where these are known:
# the pages "Available CloudWatch metrics for Amazon SQS", "Types of metrics for Lambda functions"
# and "Working with metrics for HTTP APIs".
AWS_METRICS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName": "AWS::SQS::Queue"},
    ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible"): {"QueueName": "AWS::SQS::Queue"},
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): {"QueueName": "AWS::SQS::Queue"},
    ("AWS/Lambda", "Errors"): {"FunctionName": "AWS::Lambda::Function"},
    ("AWS/Lambda", "Throttles"): {"FunctionName": "AWS::Lambda::Function"},
    ("AWS/ApiGateway", "5xx"): {
        "ApiId": "AWS::ApiGatewayV2::Api",
        "Stage": "AWS::ApiGatewayV2::Stage",
    },
}


def alarms(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each alarm's properties by its construct's name."""
    return {
        name: found["Properties"]
        for name, found in of_type(template, "AWS::CloudWatch::Alarm").items()
    }


def of_alarm(properties: Mapping[str, Any]) -> set[MetricId]:
    if "MetricName" in properties:
        return {_of_alarm(properties)}
    return {
        _of_alarm(m["MetricStat"]["Metric"]) for m in properties["Metrics"] if "MetricStat" in m
    }


def widgets(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    [dashboard] = of_type(template, "AWS::CloudWatch::Dashboard").values()
    body = json.loads(_text(dashboard["Properties"]["DashboardBody"]))
    found: list[dict[str, Any]] = body["widgets"]
    return found


def of_widget(widget: Mapping[str, Any]) -> Iterator[MetricId]:
    for row in widget["properties"].get("metrics", ()):
        namespace, name, *dimensions = [part for part in row if isinstance(part, str)]
        pairs = zip(dimensions[::2], dimensions[1::2], strict=True)
        yield MetricId(namespace, name, frozenset(pairs))


def is_of_aws(metric: MetricId, template: Mapping[str, Any]) -> bool:
    """One that AWS has, with its dimensions, each the name of such a resource of the template."""
    known = AWS_METRICS.get((metric.namespace, metric.name))
    if known is None or {name for name, _ in metric.dimensions} != known.keys():
        return False
    return all(value in _names(template, known[name]) for name, value in metric.dimensions)


def _names(template: Mapping[str, Any], kind: str) -> set[str]:
    """What the resources of a kind are called in a metric: by reference, a stage by its name."""
    resources = of_type(template, kind)
    stages = {str(found["Properties"].get("StageName")) for found in resources.values()}
    return {f"«{name}»" for name in resources} | stages


def _of_alarm(metric: Mapping[str, Any]) -> MetricId:
    dimensions = {(found["Name"], _text(found["Value"])) for found in metric["Dimensions"]}
    return MetricId(metric["Namespace"], metric["MetricName"], frozenset(dimensions))


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), _]}:
            return f"«{without_hash(logical_id)}»"
        case {"Fn::Join": ["", parts]}:
            return "".join(map(_text, parts))
        case _:
            raise AssertionError(f"no text: {value}")
