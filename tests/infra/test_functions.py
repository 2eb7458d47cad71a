"""The functions: their code, their environment, their time."""

import importlib.util
from typing import Any

import pytest

from functions.fetch.settings import Settings as FetchSettings
from functions.ingest.settings import Settings as IngestSettings
from functions.shared.settings import FunctionSettings
from functions.sweep.settings import Settings as SweepSettings
from tests.infra.templates import named, of_type, shown, synthesized

Template = dict[str, Any]

SETTINGS: dict[str, type[FunctionSettings]] = {
    "IngestFunction": IngestSettings,
    "FetchFunction": FetchSettings,
    "SweepFunction": SweepSettings,
}


def environment(template: Template, function: str) -> dict[str, str]:
    """What the function's own settings are read from."""
    variables = named(template)[function]["Properties"]["Environment"]["Variables"]
    return {
        name: shown(value)
        for name, value in variables.items()
        if not name.startswith(("POWERTOOLS_", "AWS_"))
    }


@pytest.mark.parametrize("function", SETTINGS)
def test_environment_has_a_variable_for_each_setting_and_no_other(
    template: Template, function: str
) -> None:
    fields = {field.upper() for field in SETTINGS[function].__struct_fields__}
    assert environment(template, function).keys() == fields


@pytest.mark.parametrize("function", SETTINGS)
def test_settings_take_the_values_of_the_environment(template: Template, function: str) -> None:
    SETTINGS[function].read(environment(template, function))


def test_deployment_settings_reach_the_functions() -> None:
    template = synthesized(
        archive="all",
        history="all",
        retentionDays=30,
        artifactPatterns=["*.txt"],
        apiHosts=["bolt.example.com"],
        maxArtifactMiB=7,
        maxConcurrency=3,
    )
    ingest, fetch = environment(template, "IngestFunction"), environment(template, "FetchFunction")
    assert (ingest["ARCHIVE"], ingest["RETENTION_DAYS"]) == ("all", "30")
    assert ingest["HISTORY"] == "all"
    assert fetch["ARTIFACT_PATTERNS"] == '["*.txt"]'
    assert fetch["API_HOSTS"] == ingest["API_HOSTS"] == '["bolt.example.com"]'
    assert fetch["MAX_ARTIFACT_MIB"] == "7"
    [mapping] = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    assert mapping["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 3}


@pytest.mark.parametrize("function", SETTINGS)
def test_loopback_is_refused_when_deployed(template: Template, function: str) -> None:
    assert environment(template, function)["ALLOW_LOOPBACK"] == "false"


def test_handlers_exist(template: Template) -> None:
    for function in of_type(template, "AWS::Lambda::Function").values():
        module, _, name = function["Properties"]["Handler"].rpartition(".")
        assert importlib.util.find_spec(module), module
        assert name == "handler"


def test_functions_run_python_3_13_on_arm64(template: Template) -> None:
    for function in of_type(template, "AWS::Lambda::Function").values():
        properties = function["Properties"]
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == ["arm64"]


def test_ingest_answers_before_the_sender_gives_up(template: Template) -> None:
    sender_waits = 15
    assert named(template)["IngestFunction"]["Properties"]["Timeout"] < sender_waits


def test_every_log_group_forgets_after_three_months(template: Template) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert {group["Properties"]["RetentionInDays"] for group in groups.values()} == {90}


def test_each_function_logs_to_its_own_group(template: Template) -> None:
    for name in ("Ingest", "Fetch", "Sweep"):
        logging = named(template)[f"{name}Function"]["Properties"]["LoggingConfig"]
        assert shown(logging["LogGroup"]) == f"{name}Logs"


def test_fetch_takes_one_run_at_a_time_and_reports_what_failed(template: Template) -> None:
    [mapping] = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    properties = mapping["Properties"]
    assert shown(properties["EventSourceArn"]) == "QueuesRuns"
    assert shown(properties["FunctionName"]) == "FetchFunction"
    assert properties["BatchSize"] == 1
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
