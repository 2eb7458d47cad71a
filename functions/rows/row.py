"""One row of a run's results: the columns, their order and their meaning."""

from typing import Any, get_args

import msgspec
from msgspec import Struct

# Of `type`, which is otherwise dbt's resource type: model, test, source, …
RUN = "run"
COMMAND = "command"


class Row(Struct, kw_only=True, omit_defaults=True):
    """Columns are only ever added. Those that have no value are left out of a row.

    What is the same in all rows of a run comes first: that compresses to next to nothing.
    """

    run_key: str
    """the run, `<workspace uid>#<run id>`"""
    workspace_uid: str
    """the workspace of the run"""
    run_id: int
    """the run's id in Paradime"""
    schedule_name: str
    """the schedule of the run"""
    branch: str | None = None
    """the branch that the run was made from"""
    commit_hash: str | None = None
    """the commit that the run was made from"""
    environment: str | None = None
    """the schedule's environment in Paradime"""
    run_started_at: str
    """when the run started"""
    command_index: int | None = None
    """the command's place in the run, from 1; none in a row of type `run`"""
    command: str | None = None
    """the command, without credentials; up to 256 characters"""
    healed: bool
    """true if the node failed, and a later command of the run brought it to success"""
    type: str
    """`run` for the run itself, `command` for each of its commands, otherwise dbt's resource type:
    `model`, `test`, `unit_test`, `seed`, `snapshot`, `operation`, `source`"""
    status: str
    """of a node `success` (also of a test that passed), `warn`, `fail`, `error`, `runtime error`,
    `partial success`, `skipped`, `no-op`; of a command `success` or `error`; of a run its state,
    as in the record"""
    unique_id: str | None = None
    """the node's id in dbt"""
    started_at: str | None = None
    """when it started; none for a node that was skipped"""
    seconds: float | None = None
    """how long it took, to the millisecond"""
    rows_affected: int | None = None
    """the rows that the warehouse says the node wrote"""
    bytes: int | None = None
    """the bytes that the warehouse says the node read; BigQuery alone says it"""
    failures: int | None = None
    """the failing rows of a test; of a run, how many failures it has that were not healed"""
    batches: int | None = None
    """the batches of a microbatch model"""
    failed_batches: int | None = None
    """those of its batches that failed"""
    reason: str | None = None
    """what is wrong, in a line of up to 300 characters"""
    fingerprint: str | None = None
    """the same for reasons that differ only in names, numbers, ids and times"""


_SQL_TYPES = {str: "varchar", int: "bigint", float: "double", bool: "boolean"}


def sql_types() -> dict[str, str]:
    """The columns in order, each with its type in Trino and DuckDB; instants are ISO 8601 texts."""
    return {
        field.name: next(sql for kind, sql in _SQL_TYPES.items() if kind in _kinds(field.type))
        for field in msgspec.structs.fields(Row)
    }


def _kinds(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) or (annotation,)
