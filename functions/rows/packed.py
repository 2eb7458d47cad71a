"""A run's rows as one object: JSON lines, gzip, the same bytes each time.

`history/v1/day=YYYY-MM-DD/<workspace uid>-<run id>.jsonl.gz`; the day is that of the run's start,
in UTC.
"""

import gzip
import io
from collections.abc import Iterable

import msgspec

from functions.rows.row import Row
from functions.run.event import RunEvent

PREFIX = "history/v1/"
_LEVEL = 9


def rows_key(event: RunEvent) -> str:
    """Where a run's rows are. A workspace's uid has no dot or slash."""
    day = event.start_dttm.date().isoformat()
    return f"{PREFIX}day={day}/{event.workspace.uid}-{event.id}.jsonl.gz"


def packed(rows: Iterable[Row]) -> bytes:
    """The object's content: only what is compressed is in memory, not the rows."""
    found = io.BytesIO()
    encode = msgspec.json.Encoder().encode
    # Neither a name nor a time, so that equal rows make equal objects.
    with gzip.GzipFile(
        filename="", fileobj=found, mode="wb", compresslevel=_LEVEL, mtime=0
    ) as lines:
        for row in rows:
            lines.write(encode(row) + b"\n")
    return found.getvalue()
