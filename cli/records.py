"""Reads run records and archives of a stack."""

import json
from collections.abc import Iterator
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from cli.target import Target
from functions.shared.record import index_key

_from_dynamodb = TypeDeserializer().deserialize

Record = dict[str, Any]


class RunUnknownError(Exception):
    """There is no record of such a run."""


def list_runs(
    target: Target, *, workspace: str | None, schedule: str | None, failed: bool
) -> Iterator[Record]:
    """Runs, latest first; within one workspace by a query, across all by reading the index."""
    if workspace is None:
        pages = target.dynamodb.get_paginator("scan").paginate(
            TableName=target.table, IndexName="failed" if failed else "by-workspace"
        )
        runs = [_plain(item) for page in pages for item in page["Items"]]
        runs.sort(key=lambda run: str(run["started_at"]), reverse=True)
        yield from (run for run in runs if schedule in (None, run["schedule_name"]))
        return
    if failed:
        index, key, value = "failed", "failed_workspace_uid", workspace
    elif schedule is not None:
        index, key, value = "by-schedule", "schedule_key", index_key(workspace, schedule)
    else:
        index, key, value = "by-workspace", "workspace_uid", workspace
    for page in target.dynamodb.get_paginator("query").paginate(
        TableName=target.table,
        IndexName=index,
        KeyConditionExpression="#key = :value",
        ExpressionAttributeNames={"#key": key},
        ExpressionAttributeValues={":value": {"S": value}},
        ScanIndexForward=False,
    ):
        for run in map(_plain, page["Items"]):
            if schedule in (None, run["schedule_name"]):
                yield run


def read_run(target: Target, name: str) -> Record:
    """The whole record but for the packed event; `name` is `<workspace uid>/<run id>` or the id.

    Raises:
        RunUnknownError: there is none, or an id alone fits several.
    """
    if "/" not in name:
        keys = [
            f"{run['workspace_uid']}/{run['run_id']}"
            for run in list_runs(target, workspace=None, schedule=None, failed=False)
            if str(run["run_id"]) == name
        ]
        if len(keys) != 1:
            which = f"name one of {', '.join(keys)}" if keys else "`bolt-archive runs` lists all"
            raise RunUnknownError(f"{len(keys)} runs have the id {name}; {which}")
        name = keys[0]
    answer = target.dynamodb.get_item(
        TableName=target.table, Key={"run_key": {"S": name.replace("/", "#", 1)}}
    )
    if "Item" not in answer:
        raise RunUnknownError(f"no record of run {name}; `bolt-archive runs` lists all")
    record = _plain(answer["Item"])
    record.pop("event_gz", None)
    return record


def read_inventory(target: Target, record: Record) -> dict[str, Any] | None:
    """The run's `archive.json`, or None while there is no archive."""
    if record.get("archive_state") not in ("archived", "partial"):
        return None
    body = target.s3.get_object(
        Bucket=target.bucket, Key=f"{record['archive_prefix']}archive.json"
    )["Body"]
    inventory: dict[str, Any] = json.loads(body.read())
    return inventory


def _plain(item: dict[str, Any]) -> Record:
    return {name: _from_dynamodb(value) for name, value in item.items()}
