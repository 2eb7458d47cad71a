"""The workspaces table: one item per workspace that has sent a genuine delivery.

`workspace_uid` is the key. `api_url` and `workspace_name` come from deliveries, `resume_after` is
the schedule after which a sweep of the workspace ran out of time. `default_serves` says whether
default API credentials that name no workspaces serve this one. Items from before there was this
attribute lack it: such credentials serve them.

One more item, whose key is no workspace's uid, says in `claimed_by` which workspace was the first.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct

from functions.aws.client import error_code, translate_errors
from functions.aws.items import Assignment, plain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FIRST = "#first"
# A sweep may have written an item before any delivery, which does not make the workspace known.
_IS_KNOWN = "attribute_exists(api_url) OR attribute_exists(default_serves)"


class NotedWorkspace(Struct, frozen=True, kw_only=True):
    """`api_url` is None unless a delivery had one to which credentials may be sent."""

    uid: str
    api_url: str | None = None
    name: str | None = None
    resume_after: str | None = None
    default_serves: bool = False


class WorkspacesTable:
    """All methods raise UnavailableError if DynamoDB fails."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def update(self, uid: str, *, api_url: str | None, name: str | None) -> bool:
        """Stores what a delivery says of its workspace; False if the workspace is not known yet.

        Without an `api_url` the earlier one stays.
        """
        return self._update(uid, _told(api_url, name), condition=_IS_KNOWN)

    def add(self, uid: str, *, api_url: str | None, name: str | None, default_serves: bool) -> None:
        """The same for a workspace that is not known yet. The first answer about it stands."""
        fields = _told(api_url, name)
        if not self._update(
            uid, fields | {"default_serves": default_serves}, condition=f"NOT ({_IS_KNOWN})"
        ):
            self._update(uid, fields)

    def claim_first(self, uid: str, *, free: bool) -> bool:
        """Whether this workspace is the first of all. Of several at once, one is.

        Unless it is `free`, only an earlier claim of the same workspace counts.
        """
        condition = "claimed_by = :claimed_by"
        if free:
            condition += " OR attribute_not_exists(claimed_by)"
        return self._update(_FIRST, {"claimed_by": uid}, condition=condition)

    def default_serves(self, uid: str) -> bool:
        """Whether default credentials that name no workspaces serve one that has a recorded run.

        If it is not noted, the run was recorded before this table was kept.
        """
        with translate_errors("DynamoDB", workspace=uid):
            answer = self._client.get_item(
                TableName=self._name, Key={"workspace_uid": {"S": uid}}, ConsistentRead=True
            )
        return bool(plain(answer.get("Item", {})).get("default_serves", True))

    def set_resume_point(self, workspace_uid: str, after: str | None) -> None:
        """Stores the slug of the schedule after which the next sweep resumes; None clears it."""
        self._update(workspace_uid, {"resume_after": after})

    def read(self) -> list[NotedWorkspace]:
        """All workspaces, in no particular order."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._name)
        with translate_errors("DynamoDB", table=self._name):
            return [
                _workspace(item)
                for page in pages
                for item in page["Items"]
                if item["workspace_uid"] != {"S": _FIRST}
            ]

    def _update(self, uid: str, fields: Mapping[str, Any], condition: str | None = None) -> bool:
        """Sets attributes, and removes those that are None, unless the condition is not met."""
        assignment = Assignment(fields)
        arguments: dict[str, Any] = {"ExpressionAttributeNames": assignment.names}
        if assignment.values:
            arguments["ExpressionAttributeValues"] = assignment.values
        if condition:
            arguments["ConditionExpression"] = condition
        sets = f"SET {assignment.sets} " if assignment.sets else ""
        with translate_errors("DynamoDB", workspace=uid):
            try:
                self._client.update_item(
                    TableName=self._name,
                    Key={"workspace_uid": {"S": uid}},
                    UpdateExpression=f"{sets}{assignment.remove}",
                    **arguments,
                )
            except ClientError as e:
                if condition and error_code(e) == "ConditionalCheckFailedException":
                    return False
                raise
        return True


def _told(api_url: str | None, name: str | None) -> dict[str, Any]:
    return {"workspace_name": name} | ({"api_url": api_url} if api_url else {})


def _workspace(item: dict[str, Any]) -> NotedWorkspace:
    fields = plain(item)
    return NotedWorkspace(
        uid=fields["workspace_uid"],
        api_url=fields.get("api_url"),
        name=fields.get("workspace_name"),
        resume_after=fields.get("resume_after"),
        default_serves=fields.get("default_serves", "api_url" in fields),
    )
