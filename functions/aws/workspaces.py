"""The workspaces table: one item a workspace of which a genuine delivery has told.

`workspace_uid` is the key; `api_url` and `workspace_name` are what deliveries say;
`resume_after` is where a sweep of the workspace ran out of time.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.aws.client import unavailable
from functions.aws.items import plain, typed
from functions.run.event import RunEvent

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedWorkspace:
    """`api_url` is None when no delivery has told of it and only a sweep has written the item."""

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
        """Keeps a delivery's workspace; a write only when this process sees it for the first time.

        Raises:
            UnavailableError: DynamoDB did not take it. The next delivery will try again.
        """
        uid, name = event.workspace.uid, event.workspace.name
        fact = (uid, event.api_url, name)
        if fact not in self._noted:
            if name is None:
                change = "SET api_url = :api_url REMOVE workspace_name"
                values = {":api_url": event.api_url}
            else:
                change = "SET api_url = :api_url, workspace_name = :name"
                values = {":api_url": event.api_url, ":name": name}
            self._update(uid, UpdateExpression=change, ExpressionAttributeValues=typed(values))
            self._noted.add(fact)

    def set_resume_point(self, workspace_uid: str, after: str | None) -> None:
        """Keeps the slug of the schedule behind which the next sweep goes on; None forgets it.

        Raises:
            UnavailableError: DynamoDB did not take it.
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
        """All of them, in no order.

        Raises:
            UnavailableError: DynamoDB did not answer.
        """
        pages = self._client.get_paginator("scan").paginate(TableName=self._name)
        with unavailable("DynamoDB", table=self._name):
            return [_workspace(item) for page in pages for item in page["Items"]]

    def _update(self, workspace_uid: str, **arguments: Any) -> None:
        with unavailable("DynamoDB", workspace=workspace_uid):
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
