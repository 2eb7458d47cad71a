"""The runs table's index `by-workspace`, as a sweep reads it."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from functions.aws.client import translate_errors
from functions.aws.items import plain
from functions.run import instants
from functions.sweep.compare import KnownRun

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class RunIndex:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def since(self, workspace_uid: str, instant: datetime) -> dict[int, KnownRun]:
        """A workspace's runs that started at that instant or later, by run id.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        names = ("run_id", "schedule_name", "state", "started_at", "ended_at", "archive_state")
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by-workspace",
            KeyConditionExpression="#workspace_uid = :uid AND #started_at >= :instant",
            ProjectionExpression=", ".join(f"#{name}" for name in names),
            ExpressionAttributeNames={f"#{name}": name for name in ("workspace_uid", *names)},
            ExpressionAttributeValues={
                ":uid": {"S": workspace_uid},
                ":instant": {"S": instants.to_text(instant)},
            },
        )
        with translate_errors("DynamoDB", workspace=workspace_uid):
            runs = [_known(item) for page in pages for item in page["Items"]]
        return {run.run_id: run for run in runs}


def _known(item: dict[str, Any]) -> KnownRun:
    fields = plain(item)
    return KnownRun(
        run_id=int(fields["run_id"]),
        schedule_name=fields.get("schedule_name", ""),
        state=fields.get("state", "unknown"),
        started_at=instants.from_text(fields["started_at"]),
        ended_at=instants.from_text(fields["ended_at"]) if "ended_at" in fields else None,
        archive_state=fields.get("archive_state"),
    )
