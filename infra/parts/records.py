"""The table of run records."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.base.key import table_encryption

# What a listing of runs shows. Not `event_gz`, which makes up most of an item.
_LISTED = [
    "workspace_uid",
    "workspace_name",
    "schedule_name",
    "run_id",
    "state",
    "reported_status",
    "started_at",
    "ended_at",
    "duration_seconds",
    "failed_command_count",
    "archive_state",
    "archive_prefix",
    "artifact_count",
    "artifact_bytes",
    "missing_count",
    "failure_count",
    "branch",
    "actor",
]


class Records(Construct):
    """One item a run, with the three indexes that listings use."""

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey | None) -> None:
        super().__init__(scope, id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=_text("run_key"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires_at",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
            encryption=table_encryption(key),
            encryption_key=key,
        )
        self._add_index("by-schedule", hash_key="schedule_key", range_key="started_at")
        self._add_index("by-workspace", hash_key="workspace_uid", range_key="started_at")
        # Sparse: only failed runs carry its hash key.
        self._add_index("failed", hash_key="failed_workspace_uid", range_key="ended_at")

    def _add_index(self, name: str, *, hash_key: str, range_key: str) -> None:
        self.table.add_global_secondary_index(
            index_name=name,
            partition_key=_text(hash_key),
            sort_key=_text(range_key),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            # Keys are projected anyway, and must not be named again.
            non_key_attributes=[name for name in _LISTED if name not in (hash_key, range_key)],
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
