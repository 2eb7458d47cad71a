"""Reads run records and archives of a stack."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import dropwhile, islice
from typing import Any

from cli.stack.target import Target
from cli.terminal.errors import NotArchivedError, RunUnknownError
from functions.run import instants
from functions.run.record import index_key

Record = dict[str, Any]


def list_runs(
    target: Target,
    *,
    workspace: str | None = None,
    schedule: str | None = None,
    failed: bool = False,
    since: datetime | None = None,
    after: Record | None = None,
) -> Iterator[Record]:
    """What the indexes know of runs, latest first: by their start, failed ones by their end.

    Within one workspace by a query, which reads only what is asked for; across all by reading the
    whole index. `after` is the last run of the page before.

    Raises:
        RunUnknownError: `after` is no run that such a list can have.
    """
    order = "ended_at" if failed else "started_at"
    if after is not None and order not in after:
        raise RunUnknownError(f"run {run_name(after)} has not ended: no failed run comes after it")
    if after is not None and since is not None and after[order] < instants.to_text(since):
        return iter(())  # DynamoDB refuses to start beyond the condition
    if workspace is None:
        found = _all(target, "failed" if failed else "by-workspace", order, since, after)
    elif failed:
        found = _query(target, "failed", "failed_workspace_uid", workspace, order, since, after)
    elif schedule is not None:
        key = index_key(workspace, schedule)
        found = _query(target, "by-schedule", "schedule_key", key, order, since, after)
    else:
        found = _query(target, "by-workspace", "workspace_uid", workspace, order, since, after)
    return (run for run in found if schedule in (None, run["schedule_name"]))


def read_run(target: Target, name: str) -> Record:
    """The whole record but for the packed event; `name` is `<workspace uid>/<run id>` or the id.

    Raises:
        RunUnknownError: there is none, or an id alone fits several.
    """
    if "/" not in name:
        name = _only_run_with_id(target, name)
    answer = target.runs.get_item(Key={"run_key": name.replace("/", "#", 1)}, ConsistentRead=True)
    if "Item" not in answer:
        raise RunUnknownError(f"no record of run {name}; `bolt-archive runs` lists all")
    record: Record = dict(answer["Item"])
    record.pop("event_gz", None)
    return record


def run_name(record: Record) -> str:
    return f"{record['workspace_uid']}/{record['run_id']}"


def read_inventory(target: Target, record: Record) -> dict[str, Any] | None:
    """The run's `archive.json`, or None where there is none, or it has expired.

    A run that was given up has one as well if anything of it could be had, and one that is being
    archived again still has its last one.
    """
    if "archive_prefix" not in record:
        return None
    key = f"{record['archive_prefix']}archive.json"
    try:
        body = target.s3.get_object(Bucket=target.bucket, Key=key)["Body"]
    except target.s3.exceptions.NoSuchKey:
        return None
    inventory: dict[str, Any] = json.loads(body.read())
    return inventory


def no_archive(record: Record) -> NotArchivedError:
    """Says why a run has no archive, and what to do."""
    name = run_name(record)
    match record.get("archive_state"):
        case "queued":
            return NotArchivedError(
                f"run {name} waits for its archive"
                + (f": {record['archive_error']}" if record.get("archive_error") else "")
            )
        case "failed":
            return NotArchivedError(
                f"the archive of run {name} was given up: {record.get('archive_error')}; "
                f"once that is put right, `bolt-archive replay {name}`"
            )
        case _:
            return NotArchivedError(
                f"run {name} ({record['state']}) was not archived; "
                f"`bolt-archive replay {name}` archives a run that has ended"
            )


def _query(
    target: Target,
    index: str,
    key: str,
    value: str,
    order: str,
    since: datetime | None,
    after: Record | None,
) -> Iterator[Record]:
    names, values = {"#key": key}, {":value": value}
    condition = "#key = :value"
    if since is not None:
        names["#order"], values[":since"] = order, instants.to_text(since)
        condition += " AND #order >= :since"
    start: dict[str, Any] = {}
    if after is not None:
        position = {"run_key": after["run_key"], key: value, order: after[order]}
        start = {"ExclusiveStartKey": position}
    pages = target.runs.meta.client.get_paginator("query").paginate(
        TableName=target.table,
        IndexName=index,
        KeyConditionExpression=condition,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
        ScanIndexForward=False,
        **start,
    )
    for page in pages:
        yield from page["Items"]


def _all(
    target: Target, index: str, order: str, since: datetime | None, after: Record | None
) -> Iterator[Record]:
    arguments: dict[str, Any] = {"TableName": target.table, "IndexName": index}
    if since is not None:
        arguments |= {
            "FilterExpression": "#order >= :since",
            "ExpressionAttributeNames": {"#order": order},
            "ExpressionAttributeValues": {":since": instants.to_text(since)},
        }
    pages = target.runs.meta.client.get_paginator("scan").paginate(**arguments)
    runs: list[Record] = [dict(item) for page in pages for item in page["Items"]]

    def place(run: Record) -> tuple[str, str]:
        return str(run[order]), str(run["run_key"])

    runs.sort(key=place, reverse=True)
    if after is None:
        return iter(runs)
    last = place(after)
    return dropwhile(lambda run: place(run) >= last, runs)


def _only_run_with_id(target: Target, run_id: str) -> str:
    names = [run_name(run) for run in list_runs(target) if str(run["run_id"]) == run_id]
    if len(names) == 1:
        return names[0]
    which = (
        f"name one of {', '.join(islice(names, 5))}" if names else "`bolt-archive runs` lists all"
    )
    raise RunUnknownError(f"{len(names) or 'no'} runs have the id {run_id}; {which}")
