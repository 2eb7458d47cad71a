"""dbt's `run_results.json`: the nodes of an invocation that did not end well.

Source: the published schemas v0 to v6 of "run-results". From v1 on a result has `unique_id`,
`status` and `message` (in v1 also a number), from v2 `failures`, from v5 `compiled_code`. In v0
(before dbt 0.19) it holds the whole `node` and has a member each for error, fail, warn and skip.
"""

from dataclasses import dataclass

from msgspec import Raw, Struct

from functions.findings.artifacts.artifact import INTEGER, NULL, NUMBER, TEXT, described, elements
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import Reader

# The worst first, and so findings are ordered.
FAILED = ("error", "runtime error", "fail", "partial success")
WARNED = "warn"
SKIPPED = "skipped"
_NOT_WELL = {*FAILED, WARNED, SKIPPED}

# Of a file with more of them nothing can be relied on.
MAX_UNREAD_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResult:
    """What became of a node; `execution_time` in seconds, `failures` as a test counted them."""

    unique_id: str
    status: str
    message: str | None = None
    failures: int | None = None
    execution_time: float | None = None
    compiled_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResults:
    """`not_well` are the results that failed, warned or were skipped, in the order of the file.

    `unread_rows` results could not be read; `fault` is what was wrong with the first of them.
    """

    not_well: list[NodeResult]
    unread_rows: int
    fault: str | None


class _File(Struct):
    results: Raw


class _Row(Struct):
    unique_id: str
    status: str
    message: Raw = NULL
    failures: Raw = NULL
    execution_time: Raw = NULL
    compiled_code: Raw = NULL


class _NodeOfV0(Struct):
    unique_id: str
    compiled_sql: Raw = NULL


class _RowOfV0(Struct):
    node: _NodeOfV0
    error: Raw = NULL
    fail: Raw = NULL
    warn: Raw = NULL
    skip: Raw = NULL
    status: Raw = NULL
    execution_time: Raw = NULL


_FILE, _ROW, _ROW_OF_V0 = Reader(_File), Reader(_Row), Reader(_RowOfV0)


def read(body: bytes | bytearray) -> RunResults:
    """Reads the results, of which some may be of another shape.

    Raises:
        NotUnderstoodError: not JSON, of another shape, or too many of its results are.
    """
    not_well: list[NodeResult] = []
    faults = 0
    first: str | None = None
    for text in elements("results", _FILE.read(body).results):
        try:
            result = _unless_well(text)
        except NotUnderstoodError as e:
            faults += 1
            first = first or str(e)
            if faults > MAX_UNREAD_ROWS:
                raise NotUnderstoodError(
                    f"more than {MAX_UNREAD_ROWS:,} of its results cannot be read; "
                    f"the first: {first}"
                ) from None
        else:
            if result:
                not_well.append(result)
    return RunResults(not_well=not_well, unread_rows=faults, fault=first)


def _unless_well(text: memoryview) -> NodeResult | None:
    try:
        row = _ROW.read(text)
    except NotUnderstoodError:
        try:
            old = _ROW_OF_V0.read(text)
        except NotUnderstoodError:
            old = None
        if old is None:
            raise
        return _unless_well_in_v0(old)
    if row.status not in _NOT_WELL:
        return None
    message = described(row.message, TEXT)
    if message is None and (number := described(row.message, INTEGER)) is not None:
        message = str(number)
    return NodeResult(
        unique_id=row.unique_id,
        status=row.status,
        message=message,
        failures=described(row.failures, INTEGER),
        execution_time=described(row.execution_time, NUMBER),
        compiled_code=described(row.compiled_code, TEXT),
    )


def _unless_well_in_v0(row: _RowOfV0) -> NodeResult | None:
    flags = {"error": row.error, "fail": row.fail, WARNED: row.warn, SKIPPED: row.skip}
    status = next((status for status, flag in flags.items() if _is_set(flag)), None)
    if status is None:
        return None
    return NodeResult(
        unique_id=row.node.unique_id,
        status=status,
        message=described(row.error, TEXT),
        failures=described(row.status, INTEGER),
        execution_time=described(row.execution_time, NUMBER),
        compiled_code=described(row.node.compiled_sql, TEXT),
    )


def _is_set(flag: Raw) -> bool:
    return memoryview(flag)[:8].tobytes() not in (b"null", b"false", b'""', b"0")
