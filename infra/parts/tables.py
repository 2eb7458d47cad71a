"""The tables that are made anew from what is delivered and recorded, and go with the stack."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.base.key import table_encryption


class Workspaces(Construct):
    """One item a workspace. Deliveries fill it anew."""

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey | None) -> None:
        super().__init__(scope, id)
        self.table = _table(self, key=key, partition_key=_text("workspace_uid"))


class Schedules(Construct):
    """One item a schedule: its state, which is made anew from the records."""

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey | None) -> None:
        super().__init__(scope, id)
        self.table = _table(
            self,
            key=key,
            partition_key=_text("workspace_uid"),
            sort_key=_text("schedule_key"),
            time_to_live_attribute="expires_at",
        )


def _table(
    scope: Construct,
    *,
    key: kms.IKey | None,
    partition_key: dynamodb.Attribute,
    sort_key: dynamodb.Attribute | None = None,
    time_to_live_attribute: str | None = None,
) -> dynamodb.Table:
    return dynamodb.Table(
        scope,
        "Table",
        partition_key=partition_key,
        sort_key=sort_key,
        time_to_live_attribute=time_to_live_attribute,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        removal_policy=cdk.RemovalPolicy.DESTROY,
        encryption=table_encryption(key),
        encryption_key=key,
    )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
