"""The dashboard asks what there is to know, of metrics and log lines that there are."""

import re
from typing import Any

import pytest

from tests.infra import metrics_read
from tests.infra.templates import of_type, shown, synthesized
from tests.integration.observed import Observed, everything_happened

Template = dict[str, Any]

QUESTIONS = [
    "Are deliveries arriving?",
    "Are they being refused?",
    "Which schedules fail?",
    "Is the archive keeping up?",
    "What is stuck?",
]
# Of the query language; what else stands in a query is a field, or a name that it gives.
WORDS = {
    "filter", "stats", "sort", "limit", "by", "as", "and", "or", "like", "desc",
    "count", "count_distinct", "latest",
}  # fmt: skip


@pytest.fixture(scope="module")
def observed() -> Observed:
    return everything_happened()


def queries(template: Template) -> list[str]:
    found = [widget["properties"].get("query") for widget in metrics_read.widgets(template)]
    return [query for query in found if query]


def query_text(query: str) -> str:
    """Without the log groups."""
    return query.partition("|")[2]


def test_questions_stand_from_top_to_bottom(template: Template) -> None:
    texts = [
        (widget["y"], widget["properties"]["markdown"])
        for widget in metrics_read.widgets(template)
        if widget["type"] == "text"
    ]
    assert [text for _, text in sorted(texts)] == [f"## {question}" for question in QUESTIONS]


def test_every_question_has_something_below_it(template: Template) -> None:
    widgets = sorted(metrics_read.widgets(template), key=lambda widget: widget["y"])
    kinds = [widget["type"] for widget in widgets]
    for kind, below in zip(kinds, [*kinds[1:], "text"], strict=True):
        assert (kind, below) != ("text", "text")


def test_every_metric_is_one_that_there_is(template: Template, observed: Observed) -> None:
    read = {
        metric
        for widget in metrics_read.widgets(template)
        for metric in metrics_read.of_widget(widget)
    }
    assert read
    unknown = {
        metric
        for metric in read
        if metric not in observed.metrics and not metrics_read.is_of_aws(metric, template)
    }
    assert unknown == set()


def test_every_metric_of_ours_is_shown(template: Template, observed: Observed) -> None:
    shown = {
        metric
        for widget in metrics_read.widgets(template)
        for metric in metrics_read.of_widget(widget)
    }
    assert {metric.name for metric in observed.metrics - shown} == {"RunsSwept"}


def test_queries_ask_for_texts_that_are_logged(template: Template, observed: Observed) -> None:
    messages = {line["message"] for line in observed.lines}
    for query in queries(template):
        for text in re.findall(r'message = "([^"]+)"', query):
            assert text in messages
        for text in re.findall(r'message like "([^"]+)"', query):
            assert any(text in message for message in messages)


def test_queries_ask_for_fields_that_are_logged(template: Template, observed: Observed) -> None:
    logged = {name for line in observed.lines for name in line}
    for query in queries(template):
        text = re.sub(r'"[^"]*"', "", query_text(query))
        given = set(re.findall(r"\bas (\w+)", text))
        fields = set(re.findall(r"[a-z_]+", text)) - WORDS - given
        assert fields
        assert fields <= logged


def test_queries_read_the_functions_own_log_groups(template: Template) -> None:
    groups = {f"«{name}»" for name in of_type(template, "AWS::Logs::LogGroup")}
    for query in queries(template):
        sources = re.findall(r"SOURCE '([^']+)'", query)
        assert sources
        assert set(sources) <= groups


def test_every_alarm_is_shown() -> None:
    template = synthesized(silenceHours=24)
    [alarms] = [w for w in metrics_read.widgets(template) if w["type"] == "alarm"]
    assert len(alarms["properties"]["alarms"]) == len(metrics_read.alarms(template))


def test_it_is_named_like_its_stack_in_its_region() -> None:
    [dashboard] = of_type(synthesized(stage="dev"), "AWS::CloudWatch::Dashboard").values()
    name = dashboard["Properties"]["DashboardName"]
    assert shown(name) == "ParadimeRunArchive-dev-AWS::Region"


def test_it_can_be_left_out() -> None:
    assert not of_type(synthesized(dashboard=False), "AWS::CloudWatch::Dashboard")


def test_it_has_no_more_metrics_than_a_free_dashboard(template: Template) -> None:
    read = [m for w in metrics_read.widgets(template) for m in metrics_read.of_widget(w)]
    assert len(read) <= 50
