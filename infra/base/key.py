"""A KMS key of the operator's own: who has to be let use it, and how."""

import json
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

# What DynamoDB asks of its callers; the other services ask for a part of it:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
KEY_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_SERVICES = ("dynamodb", "s3", "secretsmanager", "sns", "sqs")


def table_encryption(key: kms.IKey | None) -> dynamodb.TableEncryption:
    """Without a key, by the one that DynamoDB owns: no cost and no call a request."""
    return dynamodb.TableEncryption.CUSTOMER_MANAGED if key else dynamodb.TableEncryption.DEFAULT


def only_through_services(scope: Construct) -> dict[str, dict[str, list[str]]]:
    """The condition under which the functions may use the key: never by a call to KMS itself."""
    stack = cdk.Stack.of(scope)
    through = [f"{service}.{stack.region}.{stack.url_suffix}" for service in _SERVICES]
    return {"StringEquals": {"kms:ViaService": through}}


def let_services_use(scope: Construct, key: kms.IKey) -> None:
    """CloudWatch Logs and CloudWatch's alarms have no role here: the key's policy has to let them.

    The CDK cannot change the policy of a key that it did not make; then synth says what is to
    stand in it.
    """
    stack = cdk.Stack.of(scope)
    where = _where(key, stack)
    missing = [
        statement.to_statement_json()
        for statement in (_logs(where), _alarms(where))
        if not key.add_to_resource_policy(statement).statement_added
    ]
    if missing:
        cdk.Annotations.of(scope).add_info(
            "The policy of the KMS key must leave rights to IAM, as the default policy does, and "
            "must have these statements: without the first, no log group can be made; without the "
            f"second, no alarm reaches its topic. {json.dumps(stack.resolve(missing))}"
        )


@dataclass(frozen=True)
class _Where:
    partition: str
    region: str
    account: str
    url_suffix: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def _where(key: kms.IKey, stack: cdk.Stack) -> _Where:
    """By the key's ARN where it is known, so that synth can say it in full; a key is used where it
    is. A key that names itself in its policy would be a circle.
    """
    if cdk.Token.is_unresolved(key.key_arn):
        return _Where(stack.partition, stack.region, stack.account, stack.url_suffix)
    _, partition, _, region, account, _ = key.key_arn.split(":")
    url_suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return _Where(partition, region, account, url_suffix)


def _logs(where: _Where) -> iam.PolicyStatement:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"""
    return iam.PolicyStatement(
        sid="LogsOfThisAccount",
        principals=[iam.ServicePrincipal(f"logs.{where.region}.{where.url_suffix}")],
        actions=[
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:DescribeKey",
        ],
        resources=["*"],
        conditions={
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": where.arn("logs", "log-group:*")}
        },
    )


def _alarms(where: _Where) -> iam.PolicyStatement:
    """https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns"""
    return iam.PolicyStatement(
        sid="AlarmsOfThisAccount",
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["kms:Decrypt", "kms:GenerateDataKey*"],
        resources=["*"],
        conditions={
            "ArnLike": {"aws:SourceArn": where.arn("cloudwatch", "alarm:*")},
            "StringEquals": {"aws:SourceAccount": where.account},
        },
    )
