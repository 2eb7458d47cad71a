"""The sample payloads, the stand-in's data and the Lambda test events agree with each other."""

import hashlib
import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2, SQSEvent

EVENTS = Path(__file__).parents[2] / "events"
PARADIME = EVENTS / "paradime"
COMPLETED = {
    63187: "run_completed",
    63188: "run_completed_tests",
    63189: "run_completed_succeeded",
    63190: "run_completed_clone",
}
STARTED = {1234: "run_started", 63187: "run_started_63187"}

each_run = pytest.mark.parametrize("run_id", COMPLETED)
each_payload = pytest.mark.parametrize("name", [*COMPLETED.values(), *STARTED.values()])


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def payload(name: str) -> dict[str, Any]:
    return load(EVENTS / f"{name}.json")


def statuses(run_id: int, command_id: int) -> dict[str, str]:
    results = load(PARADIME / f"{run_id}/{command_id}/target/run_results.json")["results"]
    return {result["unique_id"]: result["status"] for result in results}


def shape(value: Any) -> Any:
    """Member names and nesting, with a list reduced to the shape of its first member."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(member) for member in value[:1] if isinstance(member, dict)]
    return None


class TestPayloads:
    @pytest.mark.parametrize(
        ("name", "sha256"),
        [
            (
                "run_completed",
                "0c9dc64ff69271f4c76a4213bdb5c9d5906e38a7ad2211098936e729f7329fa2",
            ),
            (
                "run_started",
                "dc5c8b42a8c16f7359d269464d7622ac5bed2d67ce9635942b2fa6f18a062ed1",
            ),
        ],
    )
    def test_the_vendors_examples_are_unchanged(self, name: str, sha256: str) -> None:
        assert hashlib.sha256((EVENTS / f"{name}.json").read_bytes()).hexdigest() == sha256

    @each_payload
    def test_is_written_in_the_vendors_format(self, name: str) -> None:
        text = (EVENTS / f"{name}.json").read_text(encoding="utf-8")
        written = json.dumps(json.loads(text), indent=3, separators=(",", ":"), sort_keys=True)
        # The vendor puts a blank line into an empty list.
        assert "[]" not in text
        assert re.sub(r"\[\s+\]", "[]", text) == written + "\n"

    @each_run
    def test_completed_has_the_members_of_the_vendors_example(self, run_id: int) -> None:
        ours, vendors = payload(COMPLETED[run_id]), payload("run_completed")
        commands, with_resources = ours.pop("commands"), vendors.pop("commands")[2]
        assert shape(ours) == shape(vendors)
        for command in commands:
            example = dict(with_resources)
            if not command["json_resources"]:
                example["json_resources"] = []
            assert shape(command) == shape(example)

    def test_started_has_the_members_of_the_vendors_example(self) -> None:
        assert shape(payload("run_started_63187")) == shape(payload("run_started"))

    def test_started_and_completed_name_the_same_run(self) -> None:
        started, completed = payload("run_started_63187"), payload("run_completed")
        for member in ("id", "uuid", "api_url", "run_url", "schedule", "workspace", "start_dttm"):
            assert started[member] == completed[member]

    @each_run
    def test_queries_ask_for_the_ids_beside_them(self, run_id: int) -> None:
        for command in payload(COMPLETED[run_id])["commands"]:
            assert f"(commandId: {command['id']})" in command["api_query"]
            for resource in command["json_resources"]:
                assert f"(resourceId: {resource['id']})" in resource["resource_query"]


class TestParadimeData:
    @each_run
    def test_commands_are_those_of_the_payload(self, run_id: int) -> None:
        members = ("id", "command", "start_dttm", "end_dttm", "return_code")
        served, sent = load(PARADIME / f"{run_id}.json"), payload(COMPLETED[run_id])
        assert [[command[m] for m in members] for command in served["commands"]] == [
            [command[m] for m in members] for command in sent["commands"]
        ]

    @each_run
    def test_every_resource_of_the_payload_is_served(self, run_id: int) -> None:
        served, sent = load(PARADIME / f"{run_id}.json"), payload(COMPLETED[run_id])
        for command, event in zip(served["commands"], sent["commands"], strict=True):
            paths = {resource["id"]: resource["path"] for resource in command["resources"]}
            for resource in event["json_resources"]:
                assert paths[resource["id"]] == resource["path"]

    def test_every_file_is_named_by_a_run_and_there(self) -> None:
        named = set()
        for run_id in COMPLETED:
            for command in load(PARADIME / f"{run_id}.json")["commands"]:
                named |= {command["stdout"], command["stderr"]}
                named |= {resource["file"] for resource in command["resources"]}
        there = {
            str(path.relative_to(PARADIME)) for path in PARADIME.glob("*/**/*") if path.is_file()
        }
        assert there == named

    def test_no_id_is_used_twice(self) -> None:
        commands = [
            c for run_id in COMPLETED for c in load(PARADIME / f"{run_id}.json")["commands"]
        ]
        resources = [resource for command in commands for resource in command["resources"]]
        for ids in ([c["id"] for c in commands], [r["id"] for r in resources]):
            assert len(ids) == len(set(ids))

    @pytest.mark.parametrize("wanted", [True, False])
    def test_the_api_lists_resources_that_the_event_does_not_name(self, *, wanted: bool) -> None:
        sent = {r["id"] for c in payload("run_completed")["commands"] for r in c["json_resources"]}
        beyond = [
            resource["path"]
            for command in load(PARADIME / "63187.json")["commands"]
            for resource in command["resources"]
            if resource["id"] not in sent
        ]
        assert any(
            any(fnmatch(path, pattern) for pattern in ("*.json", "*.log")) is wanted
            for path in beyond
        )


class TestRealRuns:
    def test_the_bad_column_fails_its_model_and_skips_the_one_behind_it(self) -> None:
        nodes = statuses(63187, 193442)
        assert nodes["model.jaffle.customer_lifetime_value"] == "error"
        assert nodes["model.jaffle.customer_segments"] == "skipped"
        assert nodes["model.jaffle.customers"] == "success"

    def test_the_error_names_the_bad_column(self) -> None:
        log = (PARADIME / "63187/193442/stdout.log").read_text(encoding="utf-8")
        assert 'does not have a column named "amount_usd"' in log

    def test_bad_data_fails_and_warns_and_skips(self) -> None:
        nodes = statuses(63188, 193454)
        assert nodes["test.jaffle.assert_payments_are_positive"] == "fail"
        assert nodes["model.jaffle.orders"] == "skipped"
        assert set(nodes.values()) == {"success", "pass", "fail", "warn", "skipped"}

    def test_the_succeeded_run_has_no_failure(self) -> None:
        assert set(statuses(63189, 193464).values()) == {"success"}

    def test_the_clone_that_failed_says_why_and_left_nothing(self) -> None:
        (command,) = load(PARADIME / "63190.json")["commands"]
        assert command["resources"] == []
        assert "Remote branch feature/segments-v2 not found" in (
            PARADIME / command["stderr"]
        ).read_text(encoding="utf-8")

    def test_console_logs_keep_dbts_colours(self) -> None:
        assert b"\x1b[31mERROR\x1b[0m" in (PARADIME / "63187/193442/stdout.log").read_bytes()


class TestLambdaEvents:
    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("http_run_started", "run_started_63187"),
            ("http_run_completed", "run_completed"),
            ("http_run_completed_base64", "run_completed"),
        ],
    )
    def test_http_events_carry_the_payload_whole(self, name: str, body: str) -> None:
        event = APIGatewayProxyEventV2(load(EVENTS / f"lambda/{name}.json"))
        assert event.request_context.http.method == "POST"
        assert event.raw_path == "/webhooks/paradime"
        expected = (EVENTS / f"{body}.json").read_text(encoding="utf-8")
        assert event.decoded_body == expected

    def test_one_http_event_has_its_body_in_base64(self) -> None:
        event = APIGatewayProxyEventV2(load(EVENTS / "lambda/http_run_completed_base64.json"))
        assert event.is_base64_encoded

    def test_sqs_records_point_to_the_runs_that_failed(self) -> None:
        event = SQSEvent(load(EVENTS / "lambda/sqs_failed_runs.json"))
        sent = [payload(COMPLETED[run_id]) for run_id in (63187, 63188)]
        assert [record.json_body for record in event.records] == [
            {
                "schema": 1,
                "event": "bolt.run.completed",
                "workspace_uid": run["workspace"]["uid"],
                "run_id": run["id"],
                "schedule_name": run["schedule_name"],
                "status": run["status"],
            }
            for run in sent
        ]


def test_no_file_names_a_place_on_the_machine_that_made_it() -> None:
    place = re.compile(rb"(?<![\w.})-])/(?:work|root|home|Users|private|opt|usr|var)/[\w.-]+")
    found = {
        str(path): match[0]
        for path in (path.relative_to(EVENTS) for path in EVENTS.rglob("*") if path.is_file())
        if not path.parts[0].startswith((".", "__")) and path.suffix != ".py"
        for match in place.finditer((EVENTS / path).read_bytes())
    }
    assert not found
