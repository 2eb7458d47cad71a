"""The stack that a command works on is found, or the error says why not."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from cli.stack.target import deployed_target, local_target
from cli.terminal.errors import TargetError

OUTPUTS = {
    "WebhookUrl": "https://a1.execute-api.eu-west-1.amazonaws.com/webhooks/paradime",
    "TableName": "table",
    "SchedulesTableName": "schedules",
    "BucketName": "bucket",
    "QueueUrl": "runs",
    "DeadLetterUrl": "dead-letters",
    "QuarantineUrl": "quarantine",
    "WebhookSecretArn": "webhook",
    "ApiSecretArn": "api",
    "SweepFunctionName": "sweep",
}


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client(
        "cloudformation",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    monkeypatch.setattr(boto3.Session, "client", lambda *_arguments, **_options: client)
    with Stubber(client) as stubber:
        yield stubber


def answer_with(stubber: Stubber, outputs: dict[str, str]) -> None:
    stack = {
        "StackName": "Mine",
        "CreationTime": "2024-05-06T07:08:09Z",
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
    }
    stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "Mine"})


def test_a_deployed_stack_is_found_by_its_outputs(cloudformation: Stubber) -> None:
    answer_with(cloudformation, OUTPUTS)
    target = deployed_target("Mine", None, "eu-west-1")
    assert (target.stack, target.endpoint_url) == ("Mine", None)
    assert set(OUTPUTS.values()) <= set(vars(target).values())


def test_a_stack_of_another_kind_is_refused(cloudformation: Stubber) -> None:
    answer_with(cloudformation, {"BucketName": "bucket"})
    with pytest.raises(TargetError, match="Mine has no output 'WebhookUrl'"):
        deployed_target("Mine", None, "eu-west-1")


def test_a_missing_stack_is_reported(cloudformation: Stubber) -> None:
    cloudformation.add_client_error("describe_stacks", "ValidationError", "does not exist")
    with pytest.raises(TargetError, match=r"cannot find stack Mine: .*--stack"):
        deployed_target("Mine", None, "eu-west-1")


def test_a_missing_profile_is_reported() -> None:
    with pytest.raises(TargetError, match="no-such-profile"):
        deployed_target("Mine", "no-such-profile", "eu-west-1")


def test_the_local_stack_is_found_by_its_file(tmp_path: Path) -> None:
    outputs = {
        "webhook_url": "http://127.0.0.1:1/webhooks/paradime",
        "endpoint_url": "http://127.0.0.1:1",
        "table": "table",
        "schedules_table": "schedules",
        "bucket": "bucket",
        "queue_url": "runs",
        "dlq_url": "dead-letters",
        "quarantine_url": "quarantine",
        "webhook_secret_arn": "webhook",
        "api_secret_arn": "api",
        "sweep_function": "sweep",
    }
    own = {"access_key_id": "id", "secret_access_key": "key", "region": "us-east-1"}
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(outputs | own))
    target = local_target(file)
    credentials = target.session.get_credentials()
    assert credentials is not None
    assert (credentials.access_key, credentials.secret_key) == ("id", "key")
    assert target.session.region_name == "us-east-1"
    assert set(outputs.values()) <= set(vars(target).values())


def test_a_local_stack_that_is_not_running_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="make local"):
        local_target(tmp_path / "outputs.json")
