"""The world's parts as the command line finds those of a deployed stack."""

from typing import Any

import boto3

from cli.stack.target import Target
from tests.integration.world import World

LISTED = {
    "workspace_uid",
    "schedule_name",
    "run_id",
    "state",
    "started_at",
    "ended_at",
    "duration_seconds",
    "failed_command_count",
    "archive_state",
    "artifact_count",
    "artifact_bytes",
}


def project_listed(world: World) -> None:
    """The indexes as the stack has them carry all that a listing shows."""
    dynamodb = boto3.client("dynamodb")
    table = dynamodb.describe_table(TableName=world.table)["Table"]
    for index in table["GlobalSecondaryIndexes"]:
        name, schema = index["IndexName"], index["KeySchema"]
        keys = {attribute["AttributeName"] for attribute in schema}
        listed = sorted(LISTED - keys)
        created: Any = {
            "IndexName": name,
            "KeySchema": schema,
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": listed},
        }
        updates: list[Any] = [{"Delete": {"IndexName": name}}, {"Create": created}]
        for update in updates:
            dynamodb.update_table(
                TableName=world.table,
                AttributeDefinitions=table["AttributeDefinitions"],
                GlobalSecondaryIndexUpdates=[update],
            )


def target_of(world: World, webhook_url: str = "http://127.0.0.1/") -> Target:
    session = boto3.Session()
    arns = {
        secret["Name"]: secret["ARN"]
        for secret in session.client("secretsmanager").list_secrets()["SecretList"]
    }
    return Target(
        session=session,
        endpoint_url=None,
        stack="ParadimeRunArchive",
        webhook_url=webhook_url,
        table=world.table,
        schedules_table=world.schedules_table,
        bucket=world.bucket,
        queue_url=world.queues["runs"],
        dead_letter_url=world.queues["dead-letters"],
        quarantine_url=world.queues["quarantine"],
        webhook_secret=arns["webhook"],
        api_secret=arns["api"],
        sweep_function="sweep",
    )
