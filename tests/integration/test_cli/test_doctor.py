"""`doctor`: each fault is found, with what to do about it."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from email.utils import parsedate_to_datetime as parse_date
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.commands.set_up.doctor import checks
from cli.secrets.signing import signed_headers
from cli.stack.target import Target
from functions.intake.pointer import Pointer
from local.standin.credentials import DEFAULT_CREDENTIALS
from local.standin.faults import Html, Status
from tests.bolt_runs import WORKSPACE
from tests.integration.test_cli.conftest import BoltArchive, Ended
from tests.integration.world import SECRET, WEBHOOK_SECRET, World

PAIR = {
    "api_key": DEFAULT_CREDENTIALS.api_key,
    "api_secret": DEFAULT_CREDENTIALS.api_secret,
}
ALARM = "ParadimeRunArchive-DeadLetters"
OTHER = "whsec_" + base64.b64encode(b"o" * 24).decode()
CHECKS = [
    "stack",
    "clock",
    "webhook secret",
    "API credentials",
    "Paradime's API",
    "run queue",
    "dead letters",
    "quarantine",
    "last delivery",
    "alarms",
]


class CloudFormation:
    """The stack's resources: one queue, one alarm."""

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_stack_resources"
        return self

    def paginate(self, **_names: str) -> Iterator[dict[str, Any]]:
        for kind, name in (("AWS::SQS::Queue", "runs"), ("AWS::CloudWatch::Alarm", ALARM)):
            yield {"StackResourceSummaries": [{"ResourceType": kind, "PhysicalResourceId": name}]}


pytestmark = pytest.mark.usefixtures("deployed_settings")


@pytest.fixture(autouse=True)
def cloudformation(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setattr(Target, "cloudformation", CloudFormation())
    for name in (ALARM, "ParadimeRunArchive-dev-DeadLetters"):
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            AlarmDescription="A run was given up.",
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            Period=300,
            Statistic="Maximum",
            Threshold=0,
        )


def store(name: str, value: object) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(value))


def ring(name: str) -> None:
    boto3.client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue="ALARM", StateReason="1 is greater than 0"
    )


def send_to(world: World, queue: str, body: str) -> None:
    world.sqs.send_message(QueueUrl=world.queues[queue], MessageBody=body)


def receive_at(world: World, instant: str) -> None:
    for item in world.records():
        boto3.client("dynamodb").update_item(
            TableName=world.table,
            Key={"run_key": item["run_key"]},
            UpdateExpression="SET last_received_at = :instant",
            ExpressionAttributeValues={":instant": {"S": instant}},
        )


def verdicts(ended: Ended) -> dict[str, str]:
    return {finding["check"]: finding["verdict"] for finding in ended.json}


def the_one_not_ok(ended: Ended) -> tuple[str, str, str]:
    [finding] = [finding for finding in ended.json if finding["verdict"] != "ok"]
    return finding["check"], finding["verdict"], finding["detail"] + finding["advice"]


def test_all_is_well(recorded: World, bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("doctor", "--json")
    assert ended.status == 0
    assert list(verdicts(ended)) == CHECKS
    assert set(verdicts(ended).values()) == {"ok"}


def test_into_a_pipe_a_check_is_a_line(recorded: World, bolt_archive: BoltArchive) -> None:
    lines = bolt_archive("doctor").out.splitlines()
    assert [line[9:26].strip() for line in lines] == CHECKS


def test_without_a_stack_the_rest_is_not_checked(world: World, bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("doctor", "--local", "--json")
    first, *others = verdicts(ended).items()
    assert (ended.status, first) == (1, ("stack", "failed"))
    assert {verdict for _, verdict in others} == {"skipped"}


def test_without_a_local_stack_nothing_is_to_be_deployed(
    world: World, bolt_archive: BoltArchive
) -> None:
    first, *_ = bolt_archive("doctor", "--local", "--json").json
    assert "make local" in first["advice"]
    assert "deploy" not in first["advice"]


def test_a_clock_that_is_off(
    recorded: World, bolt_archive: BoltArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_hour_ago = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    monkeypatch.setattr(checks, "parsedate_to_datetime", lambda _: parse_date(an_hour_ago))
    check, verdict, text = the_one_not_ok(bolt_archive("doctor", "--json"))
    assert (check, verdict) == ("clock", "warning")
    assert "ahead of" in text


def test_a_secret_that_was_deleted(recorded: World, bolt_archive: BoltArchive) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId="webhook")
    [found] = [
        finding
        for finding in bolt_archive("doctor", "--json").json
        if finding["check"] == "webhook secret"
    ]
    assert "restore-secret" in found["advice"]


@pytest.mark.parametrize("fault", [Status(status=503), Html()], ids=["503", "a page"])
def test_an_api_that_is_down_is_not_a_bad_key(
    recorded: World, bolt_archive: BoltArchive, fault: Status | Html
) -> None:
    recorded.standin.faults.add(fault)
    check, verdict, text = the_one_not_ok(bolt_archive("doctor", "--json"))
    assert (check, verdict) == ("Paradime's API", "failed")
    assert "credentials are not to blame" in text
    assert "configure" not in text


def test_an_api_that_cannot_be_reached_is_not_a_bad_key(
    recorded: World, bolt_archive: BoltArchive
) -> None:
    ended = bolt_archive("doctor", "--api-url", "http://127.0.0.1:1/graphql", "--json")
    _, _, text = the_one_not_ok(ended)
    assert "could not be reached" in text
    assert "credentials are not to blame" in text


def test_a_consumer_that_is_switched_off(
    recorded: World, bolt_archive: BoltArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Functions:
        def list_event_source_mappings(self, **_names: str) -> Any:
            return {"EventSourceMappings": [{"State": "Disabled", "UUID": "f7a0286f"}]}

    client: Any = boto3.Session.client

    def functions_or(session: boto3.Session, service: str, **options: Any) -> Any:
        return Functions() if service == "lambda" else client(session, service, **options)

    monkeypatch.setattr(boto3.Session, "client", functions_or)
    check, verdict, text = the_one_not_ok(bolt_archive("doctor", "--json"))
    assert (check, verdict) == ("run queue", "failed")
    assert "update-event-source-mapping --uuid f7a0286f --enabled" in text


def test_no_signing_secret(recorded: World, bolt_archive: BoltArchive) -> None:
    store("webhook", {"scheme": "standard-webhooks", "secrets": []})
    ended = bolt_archive("doctor", "--json")
    check, verdict, text = the_one_not_ok(ended)
    assert (ended.status, check, verdict) == (1, "webhook secret", "failed")
    assert "bolt-archive configure webhook" in text


@pytest.mark.parametrize("value", ["hush", {"scheme": "hush"}, {"secrets": ["hush"]}])
def test_a_malformed_signing_secret(
    recorded: World, bolt_archive: BoltArchive, value: object
) -> None:
    store("webhook", value)
    ended = bolt_archive("doctor", "--json")
    assert verdicts(ended)["webhook secret"] == "failed"
    assert "hush" not in ended.out


@pytest.mark.parametrize("value", ["hush", {"default": {"api_key": "hush"}}, {"workspaces": {}}])
def test_no_api_credentials_or_malformed_ones(
    recorded: World, bolt_archive: BoltArchive, value: object
) -> None:
    store("api", value)
    ended = bolt_archive("doctor", "--json")
    assert verdicts(ended)["API credentials"] == "failed"
    assert verdicts(ended)["Paradime's API"] == "failed"
    assert "hush" not in ended.out


def test_default_credentials_that_name_no_workspace_are_a_warning(
    recorded: World, bolt_archive: BoltArchive
) -> None:
    store("api", {"default": PAIR})
    check, verdict, text = the_one_not_ok(bolt_archive("doctor", "--json"))
    assert (check, verdict) == ("API credentials", "warning")
    assert f"bolt-archive configure api --serves {WORKSPACE}" in text


def test_a_workspace_without_credentials(recorded: World, bolt_archive: BoltArchive) -> None:
    store("api", {"workspaces": {"another": PAIR}})
    check, verdict, text = the_one_not_ok(bolt_archive("doctor", "--json"))
    assert (check, verdict) == ("Paradime's API", "failed")
    assert f"bolt-archive configure api --workspace {WORKSPACE}" in text


def test_whom_a_signing_secret_speaks_for(recorded: World, bolt_archive: BoltArchive) -> None:
    store("webhook", {"secrets": [{"secret": SECRET, "workspaces": ["w1", "w2"]}]})
    [_, _, found, *_] = bolt_archive("doctor", "--json").json
    assert "for w1, w2" in found["detail"]


def test_credentials_that_paradime_refuses(recorded: World, bolt_archive: BoltArchive) -> None:
    refused = {"api_key": "hush", "api_secret": "hush", "workspaces": [WORKSPACE]}
    store("api", {"default": refused})
    ended = bolt_archive("doctor", "--json")
    check, _, text = the_one_not_ok(ended)
    assert check == "Paradime's API"
    assert "Bolt Schedules Metadata Viewer" in text
    assert "hush" not in ended.out


def test_credentials_are_not_sent_where_they_should_not_be(
    recorded: World, bolt_archive: BoltArchive
) -> None:
    boto3.client("dynamodb").update_item(
        TableName=recorded.table,
        Key={"run_key": {"S": "n0sg8br1m44k0ryj#63189"}},
        UpdateExpression="SET api_url = :url",
        ExpressionAttributeValues={":url": {"S": "https://example.com/graphql"}},
    )
    check, verdict, text = the_one_not_ok(bolt_archive("doctor", "--json"))
    assert (check, verdict) == ("Paradime's API", "failed")
    assert "https://example.com/graphql" in text


def test_the_api_may_be_named_before_anything_was_delivered(
    world: World, bolt_archive: BoltArchive
) -> None:
    assert verdicts(bolt_archive("doctor", "--json"))["Paradime's API"] == "skipped"
    ended = bolt_archive("doctor", "--api-url", world.standin.api_url, "--json")
    assert verdicts(ended)["Paradime's API"] == "ok"


def test_dead_letters(recorded: World, bolt_archive: BoltArchive) -> None:
    send_to(recorded, "dead-letters", Pointer(workspace_uid="w", run_id=1).to_json())
    check, verdict, text = the_one_not_ok(bolt_archive("doctor", "--json"))
    assert (check, verdict) == ("dead letters", "failed")
    assert "bolt-archive redrive" in text


def test_quarantined_deliveries(recorded: World, bolt_archive: BoltArchive) -> None:
    recorded.send(b"{}")
    check, verdict, text = the_one_not_ok(bolt_archive("doctor", "--json"))
    assert (check, verdict) == ("quarantine", "failed")
    assert "bolt-archive quarantine list" in text


def test_no_delivery_yet(world: World, bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("doctor", "--api-url", world.standin.api_url, "--json")
    check, verdict, text = the_one_not_ok(ended)
    assert (ended.status, check, verdict) == (1, "last delivery", "failed")
    assert "/webhooks/paradime" in text


def test_no_delivery_for_long_is_a_warning(recorded: World, bolt_archive: BoltArchive) -> None:
    receive_at(recorded, "2023-10-15T16:44:39.000000Z")
    ended = bolt_archive("doctor", "--json")
    check, verdict, _ = the_one_not_ok(ended)
    assert (ended.status, check, verdict) == (0, "last delivery", "warning")


def test_an_alarm_of_this_stack(recorded: World, bolt_archive: BoltArchive) -> None:
    ring(ALARM)
    check, verdict, text = the_one_not_ok(bolt_archive("doctor", "--json"))
    assert (check, verdict) == ("alarms", "failed")
    assert ALARM in text
    assert "A run was given up." in text


def test_an_alarm_of_another_stack_is_not_ours(recorded: World, bolt_archive: BoltArchive) -> None:
    ring("ParadimeRunArchive-dev-DeadLetters")
    assert verdicts(bolt_archive("doctor", "--json"))["alarms"] == "ok"


def test_what_may_not_be_read_is_one_failed_check(
    recorded: World, bolt_archive: BoltArchive
) -> None:
    recorded.sqs.delete_queue(QueueUrl=recorded.queues["quarantine"])
    check, verdict, text = the_one_not_ok(bolt_archive("doctor", "--json"))
    assert (check, verdict) == ("quarantine", "failed")
    assert "NonExistentQueue" in text


class TestDelivery:
    def captured(self, tmp_path: Path, signed_with: str) -> str:
        body = b'{"id": 63187}'
        headers = signed_headers(signed_with, body, datetime.now(UTC))
        headers["content-length"] = str(len(body))
        file = tmp_path / "captured.json"
        file.write_text(json.dumps({"headers": headers, "body": body.decode()}))
        return str(file)

    def test_a_genuine_one_verifies(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        file = self.captured(tmp_path, WEBHOOK_SECRET)
        ended = bolt_archive("doctor", "--delivery", file)
        assert (ended.status, ended.out[:12]) == (0, "it verifies:")

    def test_a_refused_one_is_explained_without_the_secret(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        other = WEBHOOK_SECRET.replace(SECRET, OTHER)
        ended = bolt_archive("doctor", "--delivery", self.captured(tmp_path, other), "--json")
        assert (ended.status, ended.json["cause"]) == (1, "wrong secret")
        assert SECRET.removeprefix("whsec_") not in ended.out + ended.err

    def test_the_secret_that_was_stored_before_is_tried(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        file = self.captured(tmp_path, WEBHOOK_SECRET)
        store("webhook", {"scheme": "standard-webhooks", "secrets": [OTHER]})
        ended = bolt_archive("doctor", "--delivery", file, "--json")
        assert ended.json["cause"] == "wrong secret"
        assert "configure webhook --add" in ended.json["advice"]

    def test_another_file_is_refused(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        (tmp_path / "payload.json").write_bytes(world.payload())
        ended = bolt_archive("doctor", "--delivery", "payload.json")
        assert ended.status == 1
        assert "is not a captured delivery" in ended.err
