"""dbt's `run_results.json`: the nodes of an invocation that did not end well.

Source: the published schemas v0 to v6 of "run-results". From v1 on a result has `unique_id`,
`status` and `message` (in v1 also a number), from v2 `failures`, from v5 `compiled_code`, in v6
also `relation_name` and `batch_results`. In v0 (before dbt 0.19) it holds the whole `node` and has
a member each for error, fail, warn and skip.
"""

from collections.abc import Collection
from functools import partial

from msgspec import Raw, Struct

from functions.findings.artifacts.artifact import (
    INTEGER,
    NULL,
    NUMBER,
    described,
    read_whole,
    required,
)
from functions.findings.artifacts.results import (
    MAX_BATCHES_BYTES,
    MAX_ID_CHARACTERS,
    NodeResult,
    Results,
    Texts,
    beginning,
    collect,
    described_by,
    outcome_of,
)
from functions.findings.artifacts.statuses import (
    NOT_WELL,
    SKIPPED,
    SUCCEEDED,
    WARNED,
    of_run,
)
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import Reader

MAX_BATCHES = 20


class _File(Struct):
    results: Raw
    metadata: Raw = NULL


class _Row(Struct):
    unique_id: str
    status: str
    message: Raw = NULL
    failures: Raw = NULL
    execution_time: Raw = NULL
    compiled_code: Raw = NULL
    relation_name: Raw = NULL
    batch_results: Raw = NULL


class _OddRow(Struct):
    unique_id: Raw = NULL
    status: Raw = NULL
    # Of v0.
    node: Raw = NULL
    error: Raw = NULL
    fail: Raw = NULL
    warn: Raw = NULL
    skip: Raw = NULL
    execution_time: Raw = NULL


class _NodeOfV0(Struct):
    unique_id: str
    compiled_sql: Raw = NULL


class _Batches(Struct):
    failed: tuple[tuple[str, str], ...] = ()


_FILE, _TEXT = Reader(_File), Reader(str)
_ROW, _BATCHES, _ODD_ROW = Reader(_Row), Reader(_Batches), Reader(_OddRow)
_NODE_OF_V0 = Reader(_NodeOfV0)


def read(body: bytes | bytearray, watched: Collection[str] = ()) -> Results:
    """Reads the results; which of the `watched` nodes ended well is noted.

    Raises:
        NotUnderstoodError: not JSON, of another shape, or too many of its results are.
    """
    file = read_whole(_FILE, body)
    found = described_by(file.metadata)
    texts = Texts()
    return collect(found, file.results, partial(_read_row, watched=watched, texts=texts))


def _read_row(text: memoryview, found: Results, *, watched: Collection[str], texts: Texts) -> None:
    try:
        row = _ROW.read(text)
    except NotUnderstoodError:
        _read_odd_row(text, found, texts)
        return
    outcome = outcome_of(row.unique_id, row.status, row.message)
    if outcome == SUCCEEDED and row.unique_id in watched:
        found.succeeded.add(row.unique_id)
    if outcome not in NOT_WELL:
        return
    found.add(row.unique_id, outcome, partial(_result, row, texts), watched)


def _read_odd_row(text: memoryview, found: Results, texts: Texts) -> None:
    """A row of v0, or one that says what became of a node but not of which."""
    odd = _ODD_ROW.read(text)
    if odd.unique_id == NULL and odd.node != NULL:
        _read_row_of_v0(odd, found, texts)
        return
    # Of a node that ended well nobody needs to know which one it is.
    if of_run("", required("status", odd.status, _TEXT)) in NOT_WELL:
        required("unique_id", odd.unique_id, _TEXT)


def _result(row: _Row, texts: Texts, unique_id: str, outcome: str) -> NodeResult:
    message = texts.message(row.message)
    if message is None and (number := described(row.message, INTEGER)) is not None:
        message = str(number)
    batches = _failed_batches(row.batch_results)
    return NodeResult(
        unique_id=unique_id,
        status=outcome,
        message=message,
        failures=described(row.failures, INTEGER),
        execution_time=described(row.execution_time, NUMBER),
        compiled_code=texts.code(row.compiled_code),
        relation_name=beginning(row.relation_name, MAX_ID_CHARACTERS),
        failed_batches=batches[:MAX_BATCHES],
        failed_batch_count=len(batches),
    )


def _failed_batches(raw: Raw) -> tuple[tuple[str, str], ...]:
    if len(memoryview(raw)) > MAX_BATCHES_BYTES:
        return ()
    batches = described(raw, _BATCHES)
    return batches.failed if batches else ()


def _read_row_of_v0(row: _OddRow, found: Results, texts: Texts) -> None:
    node = _NODE_OF_V0.read(row.node)
    flags = {"error": row.error, "fail": row.fail, WARNED: row.warn, SKIPPED: row.skip}
    outcome = next((status for status, flag in flags.items() if _is_set(flag)), None)
    if outcome:
        found.add(node.unique_id, outcome, partial(_result_of_v0, row, node, texts))


def _result_of_v0(
    row: _OddRow, node: _NodeOfV0, texts: Texts, unique_id: str, outcome: str
) -> NodeResult:
    return NodeResult(
        unique_id=unique_id,
        status=outcome,
        message=texts.message(row.error),
        failures=described(row.status, INTEGER),
        execution_time=described(row.execution_time, NUMBER),
        compiled_code=texts.code(node.compiled_sql),
    )


def _is_set(flag: Raw) -> bool:
    return memoryview(flag)[:8].tobytes() not in (b"null", b"false", b'""', b"0")
