"""Each alarm watches a metric that there is, rings when it should, and says what to do."""

import fnmatch
import re
from typing import Any

import pytest

from functions.shared.metrics import Metric, namespace
from tests.infra import metrics_read
from tests.infra.templates import ROOT, named, of_type, shown, synthesized
from tests.integration.observed import Observed, everything_happened

Template = dict[str, Any]


@pytest.fixture(scope="module")
def observed() -> Observed:
    return everything_happened()


@pytest.fixture(scope="module")
def watched() -> Template:
    """A stack with every alarm."""
    return synthesized(silenceHours=24)


def titles(template: Template) -> dict[str, str]:
    """The runbook's entry that each alarm's description names."""
    entry = re.compile(r'What to do: docs/runbook\.md, "(.+)"\.$')
    found = {}
    for name, alarm in metrics_read.alarms(template).items():
        match = entry.search(alarm["AlarmDescription"])
        assert match, name
        found[name] = match[1]
    return found


def test_every_alarm_watches_metrics_that_there_are(watched: Template, observed: Observed) -> None:
    unknown = {
        (name, metric)
        for name, alarm in metrics_read.alarms(watched).items()
        for metric in metrics_read.of_alarm(alarm)
        if metric not in observed.metrics and not metrics_read.is_of_aws(metric, watched)
    }
    assert unknown == set()


def test_every_named_metric_is_emitted_by_one_service(observed: Observed) -> None:
    names = [metric.name for metric in observed.metrics]
    assert sorted(names) == sorted(Metric)


def test_no_metric_has_a_dimension_that_could_grow(observed: Observed) -> None:
    assert {name for metric in observed.metrics for name, _ in metric.dimensions} == {"service"}


@pytest.mark.parametrize("stage", ["prod", "dev"])
def test_functions_emit_into_the_namespace_that_alarms_of_their_stage_read(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = synthesized(stage=stage)
    read = {
        metric.namespace
        for alarm in metrics_read.alarms(template).values()
        for metric in metrics_read.of_alarm(alarm)
        if not metric.namespace.startswith("AWS/")
    }
    for function in of_type(template, "AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        monkeypatch.setenv(
            "POWERTOOLS_METRICS_NAMESPACE", variables["POWERTOOLS_METRICS_NAMESPACE"]
        )
        assert {namespace()} == read


def test_every_alarm_has_an_entry_in_the_runbook_and_every_entry_an_alarm(
    watched: Template,
) -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    headings = re.findall(r"^## (.+)$", runbook, re.MULTILINE)
    assert sorted(headings) == sorted(titles(watched).values())


@pytest.mark.parametrize("part", ["What it means", "See more", "What to do"])
def test_every_entry_in_the_runbook_has_its_parts(part: str) -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    for entry in runbook.split("\n## ")[1:]:
        assert f"**{part}.**" in entry, entry.partition("\n")[0]


def test_what_the_runbook_searches_for_is_logged(observed: Observed) -> None:
    messages = [line["message"] for line in observed.lines]
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    patterns = re.findall(r'\$\.message = "([^"]+)"', runbook)
    assert patterns
    assert [pattern for pattern in patterns if not fnmatch.filter(messages, pattern)] == []


def test_what_the_runbook_looks_up_is_in_the_stack(watched: Template) -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    looked_up = set(re.findall(r"\blines ([A-Z]\w+)", runbook))
    looked_up |= set(re.findall(r'resource\s+([A-Z]\w+)\)"', runbook))
    assert {"IngestLogs", "FetchFunction"} <= looked_up
    for name in looked_up:
        found = [other for other in watched["Resources"] if re.fullmatch(f"{name}[0-9A-F]+", other)]
        assert len(found) == 1, name
    assert len(watched["Resources"]) <= 100  # more are not described at once


def test_every_alarm_tells_the_alarms_topic(watched: Template) -> None:
    for name, alarm in metrics_read.alarms(watched).items():
        assert [shown(action) for action in alarm["AlarmActions"]] == ["AlertsAlarms"], name


def test_only_silence_rings_without_data(watched: Template) -> None:
    ringing = {
        name
        for name, alarm in metrics_read.alarms(watched).items()
        if alarm["TreatMissingData"] != "notBreaching"
    }
    assert ringing == {"AlarmsSilence"}


def test_silence_is_off_unless_it_is_asked_for(template: Template) -> None:
    assert "AlarmsSilence" not in named(template)


def test_silence_rings_after_so_many_hours_without_a_delivery(watched: Template) -> None:
    alarm = metrics_read.alarms(watched)["AlarmsSilence"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 24 * 3600
    assert alarm["TreatMissingData"] == "breaching"


@pytest.mark.parametrize("context", [{"silenceHours": 168, "sweepHours": 24}, {}])
def test_no_alarm_looks_back_further_than_cloudwatch_can(context: dict[str, object]) -> None:
    """Seven days, and one day where a period is shorter than an hour."""
    for name, alarm in metrics_read.alarms(synthesized(**context)).items():
        stats = [found["MetricStat"] for found in alarm.get("Metrics", ()) if "MetricStat" in found]
        for period in [stat["Period"] for stat in stats] or [alarm["Period"]]:
            days = 7 if period >= 3600 else 1
            assert period * alarm["EvaluationPeriods"] <= days * 86_400, name


def test_lag_alarm_leaves_the_time_that_a_missing_file_is_waited_for(watched: Template) -> None:
    variables = named(watched)["FetchFunction"]["Properties"]["Environment"]["Variables"]
    alarm = metrics_read.alarms(watched)["AlarmsArchiveLag"]
    assert alarm["Threshold"] > int(variables["MISSING_GRACE_SECONDS"])


def test_oldest_message_alarm_leaves_the_time_that_one_run_may_take(watched: Template) -> None:
    alarm = metrics_read.alarms(watched)["AlarmsOldestMessage"]
    assert alarm["Threshold"] > named(watched)["FetchFunction"]["Properties"]["Timeout"]
