"""The sweep function: when it runs, what it may do, and what it is told."""

from typing import Any

from tests.infra.templates import named, of_type, shown, synthesized
from tests.infra.test_functions import environment
from tests.infra.test_rights import rights
from tests.rights import SWEEP

Template = dict[str, Any]


def test_it_may_read_what_to_compare_record_and_queue(template: Template) -> None:
    assert rights(template, "SweepRole") == SWEEP


def test_the_index_that_it_asks_has_what_it_compares(template: Template) -> None:
    [index] = [
        index
        for index in named(template)["RecordsTable"]["Properties"]["GlobalSecondaryIndexes"]
        if index["IndexName"] == "by-workspace"
    ]
    projected = {
        *index["Projection"]["NonKeyAttributes"],
        *(key["AttributeName"] for key in index["KeySchema"]),
    }
    assert {"run_id", "state", "started_at", "ended_at", "archive_state"} <= projected


def test_it_runs_every_hour(template: Template) -> None:
    [rule] = of_type(template, "AWS::Events::Rule").values()
    assert rule["Properties"]["ScheduleExpression"] == "rate(1 hour)"
    assert rule["Properties"]["State"] == "ENABLED"
    [target] = rule["Properties"]["Targets"]
    assert shown(target["Arn"]) == "SweepFunction"


def test_it_runs_as_often_as_it_is_told() -> None:
    [rule] = of_type(synthesized(sweepHours=6), "AWS::Events::Rule").values()
    assert rule["Properties"]["ScheduleExpression"] == "rate(6 hours)"


def test_without_hours_it_is_there_for_the_command_line_alone() -> None:
    template = synthesized(sweepHours=0)
    assert not of_type(template, "AWS::Events::Rule")
    assert "SweepFunction" in named(template)


def test_a_missed_run_rings_an_alarm(template: Template) -> None:
    alarm = named(template)["AlarmsMissedRuns"]["Properties"]
    assert alarm["MetricName"] == "RunsFoundMissing"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == (
        "GreaterThanOrEqualToThreshold",
        1,
    )


def test_sweeps_that_fail_three_times_in_a_row_ring_an_alarm() -> None:
    alarm = named(synthesized(sweepHours=6))["AlarmsSweepFaults"]["Properties"]
    assert alarm["MetricName"] == "SweepFaults"
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (6 * 3600, 3)


def test_sweeps_that_are_stopped_three_times_in_a_row_ring_an_alarm() -> None:
    alarm = named(synthesized(sweepHours=6))["AlarmsSweepStopped"]["Properties"]
    [function] = alarm["Dimensions"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    assert shown(function["Value"]) == "SweepFunction"
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (6 * 3600, 3)


def test_without_hours_no_sweep_is_missed() -> None:
    alarms = named(synthesized(sweepHours=0))
    assert not {"AlarmsSweepFaults", "AlarmsSweepStopped"} & alarms.keys()


def test_a_sweep_that_failed_is_not_tried_again(template: Template) -> None:
    [rule] = of_type(template, "AWS::Events::Rule").values()
    [target] = rule["Properties"]["Targets"]
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 0
    [invocation] = of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    assert shown(invocation["Properties"]["FunctionName"]) == "SweepFunction"
    assert invocation["Properties"]["MaximumRetryAttempts"] == 0


def test_only_its_schedule_may_invoke_it(template: Template) -> None:
    [permission] = [
        found["Properties"]
        for found in of_type(template, "AWS::Lambda::Permission").values()
        if shown(found["Properties"]["FunctionName"]) == "SweepFunction"
    ]
    assert permission["Principal"] == "events.amazonaws.com"
    assert shown(permission["SourceArn"]) == "SweepScheduleRule"


def test_a_sweep_ends_before_the_next_one_begins(template: Template) -> None:
    assert named(template)["SweepFunction"]["Properties"]["Timeout"] < 3600


def test_settings_reach_it() -> None:
    told = environment(
        synthesized(
            archive="all",
            history="all",
            retentionDays=30,
            apiHosts=["bolt.example.com"],
            sweepLookbackHours=24,
            staleHours=12,
        ),
        "SweepFunction",
    )
    assert (told["ARCHIVE"], told["RETENTION_DAYS"]) == ("all", "30")
    assert told["HISTORY"] == "all"
    assert told["API_HOSTS"] == '["bolt.example.com"]'
    assert (told["SWEEP_LOOKBACK_HOURS"], told["STALE_HOURS"]) == ("24", "12")
    assert told["ALLOW_LOOPBACK"] == "false"


def test_its_name_is_an_output(template: Template) -> None:
    assert shown(template["Outputs"]["SweepFunctionName"]["Value"]) == "SweepFunction"
