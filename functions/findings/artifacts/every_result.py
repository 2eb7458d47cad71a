"""Every result in `run_results.json` and `sources.json`: those that ended well, too.

Sources: the published schemas of "run-results" v1 to v6 and of "sources" v1 to v3. What a warehouse
says of a node is in `adapter_response`, whose members differ by adapter; `rows_affected` is common
to most, `bytes_processed` is BigQuery's. A row that says no id or status is left out.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Raw, Struct

from functions.findings.artifacts.artifact import (
    INTEGER,
    NULL,
    NUMBER,
    TEXT,
    described,
    elements,
    read_whole,
)
from functions.findings.artifacts.results import (
    MAX_BATCHES_BYTES,
    MAX_ID_CHARACTERS,
    outcome_of,
)
from functions.findings.artifacts.statuses import canonical
from functions.run.fields import Instant
from functions.run.plan import RUN_RESULTS
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import Reader

_MAX_TIMING_BYTES = 64 * 1024  # a result has two timings


class _File(Struct):
    results: Raw


class _Row(Struct):
    unique_id: str
    status: str
    message: Raw = NULL
    failures: Raw = NULL
    execution_time: Raw = NULL
    timing: Raw = NULL
    adapter_response: Raw = NULL
    batch_results: Raw = NULL


class _Timing(Struct):
    started_at: Raw = NULL


class _Response(Struct):
    rows_affected: Raw = NULL
    bytes_processed: Raw = NULL


class _Batches(Struct):
    successful: Raw = NULL
    failed: Raw = NULL


_FILE, _ROW = Reader(_File), Reader(_Row)
_TIMINGS = Reader[tuple[_Timing, ...]](tuple[_Timing, ...])
_RESPONSE, _BATCHES = Reader(_Response), Reader(_Batches)


class EveryResult(Struct, frozen=True, kw_only=True):
    """A node of an invocation; `seconds` is its execution time, `failures` what a test counted.

    `bytes` are those that the warehouse read, `batches` those of a microbatch model.
    """

    unique_id: str
    status: str
    started: datetime | None
    seconds: float | None
    rows_affected: int | None
    bytes: int | None
    failures: int | None
    batches: int | None
    failed_batches: int | None


def read_every(name: str, body: bytes | bytearray) -> Iterator[EveryResult]:
    """Reads a file of this name, a result at a time.

    Raises:
        NotUnderstoodError: not JSON, or of another shape.
    """
    for text in elements("results", read_whole(_FILE, body).results):
        try:
            row = _ROW.read(text)
        except NotUnderstoodError:
            continue
        yield _result(row, is_source=name != RUN_RESULTS)


def _result(row: _Row, *, is_source: bool) -> EveryResult:
    response = described(row.adapter_response, _RESPONSE) or _Response()
    batches = _batches(row.batch_results)
    if is_source:
        status = canonical(row.status)
    else:
        status = outcome_of(row.unique_id, row.status, row.message)
    return EveryResult(
        unique_id=row.unique_id[:MAX_ID_CHARACTERS],
        status=status,
        started=_started(row.timing),
        seconds=described(row.execution_time, NUMBER),
        rows_affected=described(response.rows_affected, INTEGER),
        bytes=described(response.bytes_processed, INTEGER),
        failures=described(row.failures, INTEGER),
        batches=sum(batches) if batches else None,
        failed_batches=batches[1] if batches else None,
    )


def _started(timing: Raw) -> datetime | None:
    """The first instant that dbt noted; it notes none for a node that it skipped."""
    if len(memoryview(timing)) > _MAX_TIMING_BYTES:
        return None
    texts = (described(one.started_at, TEXT) for one in described(timing, _TIMINGS) or ())
    return min(filter(None, map(_instant, texts)), default=None)


def _instant(text: str | None) -> datetime | None:
    try:
        return Instant.from_json(text)
    except ValueError:
        return None


def _batches(raw: Raw) -> tuple[int, int] | None:
    """How many batches succeeded, and how many failed."""
    if raw == NULL or len(memoryview(raw)) > MAX_BATCHES_BYTES:
        return None
    batches = described(raw, _BATCHES)
    if batches is None:
        return None
    return _length(batches.successful), _length(batches.failed)


def _length(raw: Raw) -> int:
    try:
        return sum(1 for _ in elements("batches", raw))
    except NotUnderstoodError:
        return 0
