"""The workspaces table: one item per workspace that has sent a genuine delivery.

`workspace_uid` is the key. `api_url` and `workspace_name` come from deliveries, `resume_after` is
the schedule after which a sweep of the workspace ran out of time.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.aws.client import translate_errors
from functions.aws.items import plain, typed
from functions.run.event import RunEvent

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedWorkspace:
    """`api_url` is None if only a sweep has written the item, and no delivery."""

    uid: str
    api_url: str | None = None
    name: str | None = None
    resume_after: str | None = None


class WorkspacesTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name
        self._noted: set[tuple[str, str, str | None]] = set()

    def note(self, event: RunEvent) -> None:
        """Stores a delivery's workspace, unless this process has stored the same before.

        Raises:
            UnavailableError: DynamoDB failed. The next delivery tries again.
        """
        uid, name = event.workspace.uid, event.workspace.name
        workspace = (uid, event.api_url, name)
        if workspace not in self._noted:
            if name is None:
                change = "SET api_url = :api_url REMOVE workspace_name"
                values = {":api_url": event.api_url}
            else:
                change = "SET api_url = :api_url, workspace_name = :name"
                values = {":api_url": event.api_url, ":name": name}
            self._update(uid, UpdateExpression=change, ExpressionAttributeValues=typed(values))
            self._noted.add(workspace)

    def set_resume_point(self, workspace_uid: str, after: str | None) -> None:
        """Stores the slug of the schedule after which the next sweep resumes; None clears it.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        if after is None:
            self._update(workspace_uid, UpdateExpression="REMOVE resume_after")
        else:
            self._update(
                workspace_uid,
                UpdateExpression="SET resume_after = :after",
                ExpressionAttributeValues=typed({":after": after}),
            )

    def read(self) -> list[NotedWorkspace]:
        """All workspaces, in no particular order.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        pages = self._client.get_paginator("scan").paginate(TableName=self._name)
        with translate_errors("DynamoDB", table=self._name):
            return [_workspace(item) for page in pages for item in page["Items"]]

    def _update(self, workspace_uid: str, **arguments: Any) -> None:
        with translate_errors("DynamoDB", workspace=workspace_uid):
            self._client.update_item(
                TableName=self._name,
                Key={"workspace_uid": {"S": workspace_uid}},
                **arguments,
            )


def _workspace(item: dict[str, Any]) -> NotedWorkspace:
    fields = plain(item)
    return NotedWorkspace(
        uid=fields["workspace_uid"],
        api_url=fields.get("api_url"),
        name=fields.get("workspace_name"),
        resume_after=fields.get("resume_after"),
    )
