"""Log groups: kept when the stack is deleted, but not when its first deployment fails."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct


def kept_logs(
    scope: Construct,
    id: str,
    *,
    retention_days: int,
    key: kms.IKey | None,
    name: str | None = None,
) -> logs.LogGroup:
    """`retention_days` is a number that CloudWatch takes, as the setting makes sure."""
    group = logs.LogGroup(
        scope,
        id,
        log_group_name=name,
        encryption_key=key,
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    cfn_group = group.node.default_child
    assert isinstance(cfn_group, logs.CfnLogGroup)
    cfn_group.retention_in_days = retention_days
    return group
