"""dbt's `sources.json`: which sources are stale, and which could not be checked.

Source: the published schemas v1 to v3 of "sources". A result has either `status`, `criteria`,
`max_loaded_at` and the like, or `status` and `error`. dbt 2 (Fusion) writes the same with its own
spellings of the status: https://github.com/dbt-labs/dbt-core/issues/16400. In v0 (before
dbt 0.19) `sources` has a `state` by unique id.
"""

from collections.abc import Collection
from functools import partial

from msgspec import Raw, Struct

from functions.findings.artifacts.artifact import (
    INTEGER,
    NULL,
    NUMBER,
    TEXT,
    described,
    read_whole,
    required,
)
from functions.findings.artifacts.results import (
    NodeResult,
    Results,
    Texts,
    collect,
    described_by,
)
from functions.findings.artifacts.statuses import NOT_WELL, SUCCEEDED, canonical
from functions.run.display import counted, lasted
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import Reader

MAX_PERIOD_CHARACTERS = 20
MAX_INSTANT_CHARACTERS = 40


class _File(Struct):
    results: Raw = NULL
    metadata: Raw = NULL
    # Of v0.
    sources: Raw = NULL


class _Row(Struct):
    unique_id: Raw = NULL
    status: Raw = NULL
    state: Raw = NULL
    error: Raw = NULL
    max_loaded_at: Raw = NULL
    max_loaded_at_time_ago_in_s: Raw = NULL
    criteria: Raw = NULL
    execution_time: Raw = NULL


class _Time(Struct):
    count: int | None = None
    period: str | None = None


class _Criteria(Struct):
    warn_after: _Time | None = None
    error_after: _Time | None = None


_FILE, _ROW, _TEXT, _CRITERIA = Reader(_File), Reader(_Row), Reader(str), Reader(_Criteria)
_SOURCES_OF_V0 = Reader(dict[str, Raw])


def read(body: bytes | bytearray, watched: Collection[str] = ()) -> Results:
    """Reads the results; which of the `watched` sources are fresh is noted.

    Raises:
        NotUnderstoodError: not JSON, of another shape, or too many of its results are.
    """
    file = read_whole(_FILE, body)
    found = described_by(file.metadata)
    texts = Texts()
    if file.results == NULL and file.sources != NULL:
        for unique_id, row in required("sources", file.sources, _SOURCES_OF_V0).items():
            _add(_ROW.read(row), unique_id, found, texts, watched)
        return found
    return collect(found, file.results, partial(_read_row, texts=texts, watched=watched))


def _read_row(text: memoryview, found: Results, *, texts: Texts, watched: Collection[str]) -> None:
    row = _ROW.read(text)
    _add(row, described(row.unique_id, _TEXT), found, texts, watched)


def _add(
    row: _Row, unique_id: str | None, found: Results, texts: Texts, watched: Collection[str]
) -> None:
    outcome = canonical(required("status", row.status if row.state == NULL else row.state, _TEXT))
    if outcome in NOT_WELL:
        if not unique_id:
            raise NotUnderstoodError("unique_id: expected text")
        found.add(unique_id, outcome, partial(_result, row, texts), watched)
    elif outcome == SUCCEEDED and unique_id and unique_id in watched:
        found.succeeded.add(unique_id)


def _result(row: _Row, texts: Texts, unique_id: str, outcome: str) -> NodeResult:
    error = texts.message(row.error)
    if error is None and (number := described(row.error, INTEGER)) is not None:
        error = str(number)
    return NodeResult(
        unique_id=unique_id,
        status=outcome,
        message=error or (_staleness(row) if outcome != "runtime error" else None),
        execution_time=described(row.execution_time, NUMBER),
    )


def _staleness(row: _Row) -> str:
    """Since when, and against which limit."""
    loaded = (described(row.max_loaded_at, TEXT) or "")[:MAX_INSTANT_CHARACTERS]
    ago = described(row.max_loaded_at_time_ago_in_s, NUMBER)
    said = f"Stale: last loaded at {loaded}" if loaded else "Stale"
    if ago is not None and abs(ago) < 1e12:
        said += f", {lasted(ago)} before the check"
    criteria = described(row.criteria, _CRITERIA) or _Criteria()
    limits = [
        f"{what} after {counted(limit.count, limit.period[:MAX_PERIOD_CHARACTERS])}"
        for what, limit in (("error", criteria.error_after), ("warning", criteria.warn_after))
        if limit and limit.count is not None and limit.period
    ]
    return f"{said} ({', '.join(limits)})" if limits else said
