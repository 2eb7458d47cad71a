"""The policies in docs/policies: what a deployment needs, and that the stack needs no more.

What CloudFormation asks of its role for a type of resource is in that type's schema, which AWS
publishes and cfn-lint has with it.
"""

import json
import re
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from tests.infra.templates import ROOT, synthesized
from tests.infra.test_company import EVERYTHING

POLICIES = ROOT / "docs" / "policies"
SCHEMAS = files("cfnlint") / "data" / "schemas" / "resources"

# Permissions of features that the stack does not use, by what they are for.
NOT_USED = {
    "functions in a VPC, or with a file system": ("ec2:*", "elasticfilesystem:*", "s3files:*"),
    "streams": ("kinesis:*", "firehose:*", "dynamodb:*KinesisStreamingDestination"),
    "tables with replicas, or from an import": (
        "dynamodb:*Replica",
        "dynamodb:ImportTable",
        "dynamodb:DescribeImport",
        "dynamodb:*Item",
        "dynamodb:Query",
        "dynamodb:Scan",
        "iam:CreateServiceLinkedRole",
        "kms:ListAliases",
    ),
    "policies on tables": ("dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy"),
    "contributor insights": ("dynamodb:UpdateContributorInsights",),
    "policies of users and groups": ("iam:*UserPolicy", "iam:*GroupPolicy"),
    "managed policies on roles": ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
    "versions, layers, code signing, managed instances and concurrency of functions": (
        "lambda:PublishVersion",
        "lambda:GetLayerVersion",
        "lambda:*CapacityProvider",
        "lambda:AssociateRuntimeAlias",
        "lambda:PutRuntimeManagementConfig",
        "lambda:PutFunctionRecursionConfig",
        "lambda:PutFunctionScalingConfig",
        "lambda:PutFunctionCodeSigningConfig",
        "lambda:DeleteFunctionCodeSigningConfig",
        "lambda:PutFunctionConcurrency",
        "lambda:DeleteFunctionConcurrency",
    ),
    "rules on the contents of logs": (
        "logs:PutDataProtectionPolicy",
        "logs:DeleteDataProtectionPolicy",
        "logs:PutIndexPolicy",
        "logs:DeleteIndexPolicy",
        "logs:PutBearerTokenAuthentication",
        "logs:PutLogGroupDeletionProtection",
        "logs:DeleteResourcePolicy",
        "logs:DeleteRetentionPolicy",
    ),
    "lines of logs, which are the functions' to write": (
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ),
    "bucket features that are off": (
        "s3tables:*",
        "s3:*MetadataTableConfiguration",
        "s3:UpdateBucketMetadata*",
        "s3:PutAccelerateConfiguration",
        "s3:*tAnalyticsConfiguration",
        "s3:DeleteBucketAnalyticsConfiguration",
        "s3:PutBucketAbac",
        "s3:PutBucketAcl",
        "s3:PutObjectAcl",
        "s3:PutBucketCORS",
        "s3:DeleteBucketCors",
        "s3:PutBucketLogging",
        "s3:PutBucketNotification",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutObjectLockConfiguration",
        "s3:PutBucketReplication",
        "s3:DeleteBucketReplication",
        "s3:PutReplicationConfiguration",
        "s3:PutBucketWebsite",
        "s3:DeleteBucketWebsite",
        "s3:PutIntelligentTieringConfiguration",
        "s3:PutInventoryConfiguration",
        "s3:PutMetricsConfiguration",
        "s3:DeleteBucketMetricsConfiguration",
        "s3:DeleteObject",
    ),
    "names that are no actions": ("s3:REST.PUT.OBJECT", "s3:GetObjectMetadata"),
    "secrets in further regions": (
        "secretsmanager:ReplicateSecretToRegions",
        "secretsmanager:RemoveRegionsFromReplication",
    ),
    "secrets with a generated or a read value": (
        "secretsmanager:GetRandomPassword",
        "secretsmanager:GetSecretValue",
    ),
    "rules on the contents of messages": ("sns:PutDataProtectionPolicy",),
}


def policy(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((POLICIES / name).read_text())
    return document


def allowed(name: str) -> set[str]:
    return {action for statement in policy(name)["Statement"] for action in statement["Action"]}


def asked_for() -> set[str]:
    """By the types of resources that the stack has with one setting or another."""
    templates = synthesized(), synthesized(**EVERYTHING), synthesized(alertEmail="me@example.com")
    types = {found["Type"] for made in templates for found in made["Resources"].values()}
    schemas = [
        json.loads(file.read_text()) for file in SCHEMAS.iterdir() if file.name.endswith(".json")
    ]
    found = {schema["typeName"]: schema["handlers"] for schema in schemas if "handlers" in schema}
    assert types <= found.keys()
    return {
        permission.replace("s3:getObject", "s3:GetObject")
        for name in types
        for does, handler in found[name].items()
        if does != "list"
        for permission in handler["permissions"]
    }


@cache
def needed() -> set[str]:
    return {permission for permission in asked_for() if not unused(permission)}


def may(permission: str) -> bool:
    return any(fnmatchcase(permission, action) for action in allowed("cloudformation.json"))


def unused(permission: str) -> bool:
    patterns = (pattern for patterns in NOT_USED.values() for pattern in patterns)
    return any(fnmatchcase(permission, pattern) for pattern in patterns)


def test_cloudformation_may_do_what_the_stacks_resources_ask_for() -> None:
    assert {permission for permission in needed() if not may(permission)} == set()


# What the schemas leave out: API Gateway's access log, and the version of `cdk bootstrap` that
# the template asks for.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
BESIDES = {
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "ssm:GetParameters",
}


def test_cloudformation_may_do_nothing_else() -> None:
    actions = allowed("cloudformation.json") - BESIDES
    assert {a for a in actions if not any(fnmatchcase(one, a) for one in needed())} == set()


@pytest.mark.parametrize("name", ["cloudformation.json", "deployer.json", "reader.json"])
def test_only_settings_of_the_bucket_are_read_by_a_wildcard(name: str) -> None:
    """Each by its name would be more than IAM takes."""
    wildcards = {action for action in allowed(name) if "*" in action}
    assert wildcards <= {"s3:GetBucket*", "s3:Get*Configuration"}


def test_the_policy_is_small_enough_for_iam() -> None:
    """White space does not count: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    assert len(json.dumps(policy("cloudformation.json"), separators=(",", ":"))) <= 6144


def test_roles_may_be_passed_to_the_functions_alone() -> None:
    [passing] = [
        statement
        for statement in policy("cloudformation.json")["Statement"]
        if "iam:PassRole" in statement["Action"]
    ]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}


@pytest.mark.parametrize("name", ["deployer.json", "reader.json"])
def test_a_workflow_may_only_take_roles_of_the_cdk(name: str) -> None:
    assert allowed(name) == {"sts:AssumeRole"}


def test_a_pull_request_may_take_no_role_that_changes_anything() -> None:
    [statement] = policy("reader.json")["Statement"]
    assert statement["Resource"] == ["arn:aws:iam::123456789012:role/cdk-hnb659fds-lookup-role-*"]


@pytest.fixture(scope="module")
def workflow() -> str:
    return (ROOT / ".github" / "workflows" / "deploy.yml").read_text()


def test_every_action_of_the_workflow_is_pinned_by_commit(workflow: str) -> None:
    actions = re.findall(r"uses: (.+)", workflow)
    assert actions
    for action in actions:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[0-9.]+", action), action


def test_the_workflow_holds_no_key(workflow: str) -> None:
    assert "secrets." not in workflow
    assert "access-key" not in workflow
