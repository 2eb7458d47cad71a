"""What docs/local.md lists as refused by AWS is let pass by the embedded AWS.

Once one of these fails, the embedded AWS has become stricter, and the list is to be shortened.
"""

import json
import uuid
from typing import Any

import pytest

from tests.e2e.client import Client

pytestmark = pytest.mark.e2e

TABLE = {
    "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def index(name: str) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": TABLE["KeySchema"],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


LET_PASS: dict[str, dict[str, Any]] = {
    "a key of a table that no attribute defines": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {**TABLE, "AttributeDefinitions": []},
    },
    "a permission on a function that does not exist": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": "absent",
            "Principal": "events.amazonaws.com",
        },
    },
    "a policy on a bucket that does not exist": {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": "absent",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": []},
        },
    },
    "a log group with a key that does not exist": {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "KmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/"
            "0a1b2c3d-4e5f-6789-abcd-ef0123456789"
        },
    },
}


def deploy(client: Client, name: str, *resources: dict[str, Any]) -> str:
    """Each in place of the one before it; returns the last status."""
    cloudformation = client.aws("cloudformation")
    for number, resource in enumerate(resources):
        template = json.dumps({"Resources": {"Tried": resource}})
        if number == 0:
            cloudformation.create_stack(StackName=name, TemplateBody=template)
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName=name, WaiterConfig={"Delay": 1}
            )
        else:
            cloudformation.update_stack(StackName=name, TemplateBody=template)
            cloudformation.get_waiter("stack_update_complete").wait(
                StackName=name, WaiterConfig={"Delay": 1}
            )
    [found] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return str(found["StackStatus"])


@pytest.mark.parametrize("what", LET_PASS)
def test_lets_pass(client: Client, what: str) -> None:
    name = f"tried-{uuid.uuid4().hex}"
    assert deploy(client, name, LET_PASS[what]) == "CREATE_COMPLETE"
    client.aws("cloudformation").delete_stack(StackName=name)


def test_lets_two_indexes_change_at_once(client: Client) -> None:
    name = f"tried-{uuid.uuid4().hex}"
    plain = {"Type": "AWS::DynamoDB::Table", "Properties": TABLE}
    indexed = {**TABLE, "GlobalSecondaryIndexes": [index("one"), index("two")]}
    with_indexes = {"Type": "AWS::DynamoDB::Table", "Properties": indexed}
    assert deploy(client, name, plain, with_indexes) == "UPDATE_COMPLETE"
    client.aws("cloudformation").delete_stack(StackName=name)
