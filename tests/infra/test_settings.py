"""The deployment settings: what they take, and the sentence that refuses the rest."""

import json
from typing import Any

import pytest
from msgspec.structs import asdict

from infra.settings import SettingsError, read_settings, takes
from tests.infra.templates import ROOT


def test_nothing_set_gives_the_defaults() -> None:
    assert asdict(read_settings({})) == {
        "retention_days": 365,
        "archive": "failures",
        "history": "failures",
        "history_retention_days": 1095,
        "artifact_patterns": ("*.json", "*.log"),
        "api_hosts": ("api.paradime.io", "api.*.paradime.io"),
        "alert_email": None,
        "max_concurrency": 5,
        "max_artifact_mib": 1024,
        "sweep_hours": 1,
        "sweep_lookback_hours": 48,
        "stale_hours": 24,
        "remind_hours": 24,
        "repo_url": None,
        "silence_hours": 0,
        "dashboard": True,
        "log_retention_days": 90,
        "alarm_topic_arn": None,
        "kms_key_arn": None,
        "throttle_rate": 100,
        "throttle_burst": 200,
        "domain_name": None,
        "certificate_arn": None,
        "permissions_boundary": None,
        "tags": {},
        "termination_protection": False,
        "stage": "prod",
    }


def test_cdk_json_shows_every_setting_with_its_default() -> None:
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    shown = {key for key in context if not key.startswith("@")}
    assert shown == takes().keys()
    assert read_settings(context) == read_settings({})


@pytest.mark.parametrize(
    ("key", "text", "field", "value"),
    [
        ("retentionDays", "30", "retention_days", 30),
        ("maxConcurrency", "2", "max_concurrency", 2),
        ("maxArtifactMiB", "10", "max_artifact_mib", 10),
        ("sweepHours", "0", "sweep_hours", 0),
        ("silenceHours", "168", "silence_hours", 168),
        ("sweepHours", "24", "sweep_hours", 24),
        ("sweepLookbackHours", "720", "sweep_lookback_hours", 720),
        ("staleHours", "1", "stale_hours", 1),
        ("artifactPatterns", '["*.txt"]', "artifact_patterns", ("*.txt",)),
        ("artifactPatterns", "[]", "artifact_patterns", ()),
        ("apiHosts", '["bolt.example.com"]', "api_hosts", ("bolt.example.com",)),
        ("archive", "all", "archive", "all"),
        ("history", "all", "history", "all"),
        ("historyRetentionDays", "30", "history_retention_days", 30),
        ("alertEmail", "me@example.com", "alert_email", "me@example.com"),
        ("alertEmail", "", "alert_email", None),
        ("stage", "dev-2", "stage", "dev-2"),
        ("remindHours", "168", "remind_hours", 168),
        ("repoUrl", "https://github.com/acme/dbt", "repo_url", "https://github.com/acme/dbt"),
        ("repoUrl", "", "repo_url", None),
    ],
)
def test_command_line_text_is_taken(key: str, text: str, field: str, value: object) -> None:
    assert getattr(read_settings({key: text}), field) == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("retentionDays", 0),
        ("retentionDays", 36_501),
        ("retentionDays", "a year"),
        ("retentionDays", 1.5),
        ("retentionDays", True),
        ("retentionDays", None),
        ("archive", "everything"),
        ("archive", ["all"]),
        ("history", "none"),
        ("historyRetentionDays", 0),
        ("artifactPatterns", "*.json"),
        ("artifactPatterns", "[*.json]"),
        ("artifactPatterns", [""]),
        ("artifactPatterns", [7]),
        ("apiHosts", []),
        ("apiHosts", "api.paradime.io"),
        ("apiHosts", ["*"]),
        ("apiHosts", ["*.io"]),
        ("apiHosts", ["api.paradime.*"]),
        ("apiHosts", ["api.par*dime.io"]),
        ("apiHosts", ["API.paradime.io"]),
        ("apiHosts", ["https://api.paradime.io"]),
        ("apiHosts", ["api.paradime.io:443"]),
        ("apiHosts", ["api.paradime.io."]),
        ("apiHosts", ["127.0.0.1"]),
        ("apiHosts", ["localhost"]),
        ("alertEmail", "me"),
        ("alertEmail", "me@example.com, you@example.com"),
        ("maxConcurrency", 1),
        ("maxConcurrency", 1001),
        ("maxArtifactMiB", 0),
        ("maxArtifactMiB", "1 GiB"),
        ("sweepHours", -1),
        ("sweepHours", 25),
        ("sweepHours", False),
        ("sweepLookbackHours", 0),
        ("sweepLookbackHours", 721),
        ("staleHours", 0),
        ("silenceHours", -1),
        ("silenceHours", 169),
        ("silenceHours", "a day"),
        ("staleHours", "a day"),
        ("remindHours", 0),
        ("repoUrl", "http://github.com/acme/dbt"),
        ("repoUrl", "https://user:secret@github.com/acme/dbt"),
        ("repoUrl", "https://github.com"),
        ("stage", ""),
        ("stage", "Prod"),
        ("stage", "prod_eu"),
    ],
)
def test_wrong_value_is_refused_with_the_key_the_value_and_what_it_takes(
    key: str, value: object
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({key: value})
    sentence = str(refused.value)
    assert key in sentence
    assert json.dumps(value) in sentence
    assert takes()[key] in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(("days", "hours"), [(1, 48), (7, 720), (2, 49)])
def test_the_sweep_must_not_look_back_to_runs_whose_records_have_expired(
    days: int, hours: int
) -> None:
    with pytest.raises(SettingsError, match=rf"retentionDays is {days}, .* is {hours}"):
        read_settings({"retentionDays": days, "sweepLookbackHours": hours})


@pytest.mark.parametrize("context", [{"retentionDays": 2}, {"retentionDays": 1, "sweepHours": 0}])
def test_records_that_outlast_the_look_back_are_enough(context: dict[str, int]) -> None:
    assert read_settings(context).retention_days == context["retentionDays"]


def test_misspelt_key_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(SettingsError, match="did you mean retentionDays"):
        read_settings({"retentionDay": 30})


def test_unknown_key_is_refused_with_those_that_exist() -> None:
    with pytest.raises(SettingsError, match="retentionDays, archive, history"):
        read_settings({"colour": "blue"})


@pytest.mark.parametrize(
    "key",
    [
        "@aws-cdk/core:newStyle",
        "aws:cdk:bundling-stacks",
        "acknowledged-issue-numbers",
        "availability-zones:account=1:region=eu-west-1",
    ],
)
def test_keys_of_the_cdk_are_left_alone(key: str) -> None:
    assert read_settings({key: "anything"}) == read_settings({})
