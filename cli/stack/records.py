"""Reads run records and archives of a stack."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import dropwhile, islice
from typing import Any

from cli.stack.target import Target
from cli.terminal.errors import NotArchivedError, RunUnknownError
from functions.run import instants
from functions.run.record import index_key

Record = dict[str, Any]

# As many as DynamoDB takes in one request.
_MOST_KEYS = 100
# All that commands show, by the placeholder that stands for it: some names are reserved words.
_ATTRIBUTES = {
    f"#{name}": name
    for name in (
        "run_key", "workspace_uid", "workspace_name", "run_id", "run_url", "schedule_name",
        "state", "reported_status", "error_string", "actor", "email", "branch", "commit_hash",
        "owner_email", "environment", "started_at", "ended_at", "duration_seconds",
        "command_count", "failed_command_count", "archive_state", "archive_error",
        "archive_prefix", "artifact_count", "artifact_bytes", "missing_count", "failure_count",
        "failures", "failure_groups", "healed_count", "healed_by",
    )
}  # fmt: skip


def list_runs(
    target: Target,
    *,
    workspace: str | None = None,
    schedule: str | None = None,
    failed: bool = False,
    since: datetime | None = None,
    after: Record | None = None,
) -> Iterator[Record]:
    """The runs as the indexes hold them, latest start first; failed runs by latest end.

    Within one workspace this is a query, which reads only what is needed; across workspaces it
    reads the whole index. `after` is the last run of the previous page.

    Raises:
        RunUnknownError: Such a list cannot contain `after`.
    """
    order = "ended_at" if failed else "started_at"
    if after is not None and order not in after:
        raise RunUnknownError(
            f"run {run_name(after)} has not ended, so a page of failed runs cannot start after it"
        )
    if after is not None and since is not None and after[order] < instants.to_text(since):
        return iter(())  # DynamoDB rejects a start outside the condition
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


def whole_records(target: Target, listed: Iterable[Record]) -> Iterator[Record]:
    """The listed runs with the attributes that no index has, but for the events, in their order.

    A run that has been deleted since is left out.
    """
    remaining = iter(listed)
    while batch := list(islice(remaining, _MOST_KEYS)):
        found: dict[str, Record] = {}
        keys: Any = [{"run_key": run["run_key"]} for run in batch]
        while keys:
            # Not the event, which is most of a record: DynamoDB reads, and bills, it all the same.
            answer = target.dynamodb.batch_get_item(
                RequestItems={
                    target.table: {
                        "Keys": keys,
                        "ProjectionExpression": ", ".join(_ATTRIBUTES),
                        "ExpressionAttributeNames": _ATTRIBUTES,
                    }
                }
            )
            items: list[Record] = answer["Responses"][target.table]
            found |= {item["run_key"]: _record(item) for item in items}
            left: dict[str, Any] = answer["UnprocessedKeys"]
            keys = left.get(target.table, {}).get("Keys")
        yield from (found[run["run_key"]] for run in batch if run["run_key"] in found)


def read_run_or_last(target: Target, name: str | None) -> Record:
    """Without a name, the record of the failed run that ended last.

    Raises:
        RunUnknownError: There is no such run, or several have the id.
    """
    if name is not None:
        return read_run(target, name)
    for run in list_runs(target, failed=True):
        return read_run(target, run_name(run))
    raise RunUnknownError("no run has failed; list all with `bolt-archive runs`")


def read_run(target: Target, name: str) -> Record:
    """The record without the compressed event; `name` is `<workspace uid>/<run id>` or the id.

    Raises:
        RunUnknownError: There is no such run, or several have the id.
    """
    if "/" not in name:
        name = _only_run_with_id(target, name)
    answer = target.runs.get_item(Key={"run_key": name.replace("/", "#", 1)}, ConsistentRead=True)
    if "Item" not in answer:
        raise RunUnknownError(f"no record of run {name}; list all with `bolt-archive runs`")
    record = _record(answer["Item"])
    record.pop("event_gz", None)
    return record


def neighbours(target: Target, record: Record) -> tuple[Record | None, Record | None]:
    """The runs of its schedule that started just before and just after it."""
    key = index_key(record["workspace_uid"], record["schedule_name"])
    found: list[Record | None] = []
    for comparison, forward in (("<", False), (">", True)):
        answer = target.runs.query(
            IndexName="by-schedule",
            KeyConditionExpression=f"schedule_key = :key AND started_at {comparison} :start",
            ExpressionAttributeValues={":key": key, ":start": record["started_at"]},
            ScanIndexForward=forward,
            Limit=1,
        )
        found.append(next(map(_record, answer["Items"]), None))
    return found[0], found[1]


def run_name(record: Record) -> str:
    return f"{record['workspace_uid']}/{record['run_id']}"


def read_inventory(target: Target, record: Record) -> dict[str, Any] | None:
    """The run's `archive.json`, or None if there is none or it has expired.

    A run that was given up has one too if any of its files could be fetched, and a run that is
    being archived again still has the previous one.
    """
    if "archive_prefix" not in record:
        return None
    body = read_object(target, f"{record['archive_prefix']}archive.json")
    return None if body is None else json.loads(body)


def read_object(target: Target, key: str) -> bytes | None:
    """The object, or None if there is none or it has expired."""
    try:
        return target.s3.get_object(Bucket=target.bucket, Key=key)["Body"].read()
    except target.s3.exceptions.NoSuchKey:
        return None


def no_archive(record: Record) -> NotArchivedError:
    """An error that says why a run has no archive, and what to do."""
    name = run_name(record)
    match record.get("archive_state"):
        case "queued" | "incomplete":
            return NotArchivedError(
                f"run {name} is waiting to be archived"
                + (f": {record['archive_error']}" if record.get("archive_error") else "")
            )
        case "failed":
            return NotArchivedError(
                f"archiving run {name} was given up: {record.get('archive_error')}; "
                f"once that is fixed: `bolt-archive replay {name}`"
            )
        case _:
            return NotArchivedError(
                f"run {name} ({record['state']}) was not archived; "
                f"once it has ended, archive it with `bolt-archive replay {name}`"
            )


def _record(item: dict[str, Any]) -> Record:
    """Release 0.1.0 did not write a name or a state that a payload left empty."""
    return {"schedule_name": "", "state": "unknown"} | item


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
        yield from map(_record, page["Items"])


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
    runs: list[Record] = [_record(item) for page in pages for item in page["Items"]]

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
    if not names:
        raise RunUnknownError(f"no run has the id {run_id}; list all with `bolt-archive runs`")
    some = ", ".join(islice(names, 5))
    raise RunUnknownError(f"{len(names)} runs have the id {run_id}; use a full name such as {some}")
