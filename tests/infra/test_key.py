"""A KMS key of one's own: it encrypts everything, and all who have to may use it."""

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match, Template

from infra.settings import Settings
from infra.stack import ArchiveStack
from tests.infra.templates import KEY, ROOT, Resource, application, named, of_type, synthesized

ROLES = ("Ingest", "Fetch", "Sweep")


@pytest.fixture(scope="module")
def with_key() -> dict[str, Any]:
    return synthesized(kmsKeyArn=KEY)


@pytest.mark.parametrize(
    ("kind", "path", "count"),
    [
        ("AWS::DynamoDB::Table", ("SSESpecification", "KMSMasterKeyId"), 3),
        ("AWS::SQS::Queue", ("KmsMasterKeyId",), 3),
        ("AWS::SNS::Topic", ("KmsMasterKeyId",), 2),
        ("AWS::SecretsManager::Secret", ("KmsKeyId",), 2),
        ("AWS::Logs::LogGroup", ("KmsKeyId",), 4),
    ],
)
def test_the_key_encrypts_every(
    with_key: dict[str, Any], kind: str, path: tuple[str, ...], count: int
) -> None:
    keys = []
    for resource in of_type(with_key, kind).values():
        value = resource["Properties"]
        for name in path:
            value = value[name]
        keys.append(value)
    assert keys == [KEY] * count


def test_the_key_encrypts_the_bucket_with_few_calls(with_key: dict[str, Any]) -> None:
    properties = named(with_key)["ArchiveBucket"]["Properties"]
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [
        {
            "BucketKeyEnabled": True,
            "ServerSideEncryptionByDefault": {"KMSMasterKeyID": KEY, "SSEAlgorithm": "aws:kms"},
        }
    ]


def key_statements(template: dict[str, Any], role: str) -> Iterator[dict[str, Any]]:
    policy = named(template)[f"{role}RoleDefaultPolicy"]["Properties"]["PolicyDocument"]
    for statement in policy["Statement"]:
        if statement["Resource"] == KEY:
            yield statement


@pytest.mark.parametrize("role", ROLES)
def test_a_function_may_use_the_key_through_what_it_encrypts_alone(
    with_key: dict[str, Any], role: str
) -> None:
    [statement] = key_statements(with_key, role)
    assert {"kms:Decrypt", "kms:GenerateDataKey"} < set(statement["Action"])
    assert not any("*" in action for action in statement["Action"])
    through = statement["Condition"]["StringEquals"]["kms:ViaService"]
    services = {service["Fn::Join"][1][0] for service in through}
    assert services == {"dynamodb.", "s3.", "secretsmanager.", "sns.", "sqs."}


def test_without_a_key_no_function_has_a_right_of_kms(template: dict[str, Any]) -> None:
    assert "kms:" not in json.dumps(of_type(template, "AWS::IAM::Policy"))


# What AWS documents as an update without replacement, where a key is added, changed or removed.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
UPDATED_IN_PLACE = {
    "AWS::DynamoDB::Table": {"SSESpecification"},
    "AWS::S3::Bucket": {"BucketEncryption"},
    "AWS::SQS::Queue": {"KmsMasterKeyId", "SqsManagedSseEnabled"},
    "AWS::SNS::Topic": {"KmsMasterKeyId"},
    "AWS::SecretsManager::Secret": {"KmsKeyId"},
    "AWS::Logs::LogGroup": {"KmsKeyId"},
    "AWS::IAM::Policy": {"PolicyDocument"},
}


def changed(before: Resource, after: Resource) -> set[str]:
    old, new = before["Properties"], after["Properties"]
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def test_a_key_that_is_added_later_replaces_nothing(
    template: dict[str, Any], with_key: dict[str, Any]
) -> None:
    assert template["Resources"].keys() == with_key["Resources"].keys()
    for name, before in template["Resources"].items():
        after = with_key["Resources"][name]
        if before != after:
            assert changed(before, after) <= UPDATED_IN_PLACE[before["Type"]], name


def said_by_synth(arn: str) -> list[dict[str, Any]]:
    """The statements that the policy of the key has to have."""
    _, stack = application(kmsKeyArn=arn)
    [info] = Annotations.from_stack(stack).find_info(
        "*", Match.string_like_regexp("policy of the KMS key")
    )
    said = str(info.entry.data)
    statements: list[dict[str, Any]] = json.loads(said[said.index("[{") :])
    return statements


def test_synth_says_what_the_policy_of_the_key_must_allow() -> None:
    logs, alarms = said_by_synth(KEY)
    assert logs["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert logs["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:123456789012:log-group:*"
    }
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"]["ArnLike"] == {
        "aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*"
    }


def test_the_documents_show_what_synth_says() -> None:
    document = (ROOT / "docs" / "deploy.md").read_text()
    shown = document.partition("```json\n")[2].partition("```")[0]
    assert json.loads(shown) == said_by_synth(KEY)


def test_the_policy_of_a_key_in_the_same_app_is_extended() -> None:
    app = cdk.App(context={"aws:cdk:bundling-stacks": []})
    key = kms.Key(cdk.Stack(app, "Keys"), "Key")
    stack = ArchiveStack(app, "Bolt", settings=Settings(), key=key)
    assert not Annotations.from_stack(stack).find_info("*", Match.any_value())
    policies = of_type(Template.from_stack(key.stack).to_json(), "AWS::KMS::Key").values()
    [statements] = [key["Properties"]["KeyPolicy"]["Statement"] for key in policies]
    assert {"LogsOfThisAccount", "AlarmsOfThisAccount"} <= {
        statement.get("Sid") for statement in statements
    }


def test_in_china_the_logs_have_another_name() -> None:
    logs, _ = said_by_synth(KEY.replace("aws:kms:eu-west-1", "aws-cn:kms:cn-north-1"))
    assert logs["Principal"] == {"Service": "logs.cn-north-1.amazonaws.com.cn"}
