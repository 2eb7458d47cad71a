"""`bolt-archive restore`: copies lost records back from another table."""

from collections.abc import Iterator
from typing import Annotated

import typer

from cli.stack.options import find_target
from cli.stack.records import Record, run_name
from cli.stack.target import Target
from cli.terminal.errors import NotRecordsError
from cli.terminal.output import AsJson, print_json, say, working
from functions.run.display import counted


def restore(
    ctx: typer.Context,
    table: Annotated[str, typer.Argument(metavar="TABLE", help="DynamoDB table to copy from.")],
    as_json: AsJson = False,
) -> None:
    """Copy missing run records from another table, such as a restored one.

    DynamoDB restores a table to a point in time as a new table; this copies its records back.
    Existing records are not changed. Nothing is queued, and no message is sent.

    Example:
    $ bolt-archive restore runs-of-yesterday
    """
    target = find_target(ctx)
    restored, there = [], 0
    with working("copying records"):
        for record in _records(target, table):
            if _put_if_absent(target, record):
                restored.append(run_name(record))
            else:
                there += 1
    if as_json:
        print_json({"restored": restored, "there": there})
    else:
        say(f"{counted(len(restored), 'record')} restored, {there} already there")


def _records(target: Target, table: str) -> Iterator[Record]:
    """Complete records, any number of them.

    Raises:
        NotRecordsError: An item of the table is not a run record.
    """
    pages = target.runs.meta.client.get_paginator("scan").paginate(TableName=table)
    for page in pages:
        for item in page["Items"]:
            if not {"run_key", "workspace_uid", "run_id"} <= item.keys():
                raise NotRecordsError(f"{table} holds an item that is not a run record")
            yield dict(item)


def _put_if_absent(target: Target, record: Record) -> bool:
    try:
        target.runs.put_item(Item=record, ConditionExpression="attribute_not_exists(run_key)")
    except target.runs.meta.client.exceptions.ConditionalCheckFailedException:
        return False
    return True
