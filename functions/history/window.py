"""The newest finished runs of a schedule, packed into a few hundred bytes.

DynamoDB bills a write by the kilobyte, and the item of a schedule, which holds them, is written
once for each finished run. Fifty runs take about 600 bytes.
"""

import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from functions.run.instants import as_utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Row = tuple[int, int, bool, int | None]
_ROWS = msgspec.msgpack.Decoder(list[_Row])


class PastRun(Struct, frozen=True):
    """A run that failed or succeeded."""

    started_at: datetime
    run_id: int
    failed: bool
    seconds: int | None = None

    @property
    def place(self) -> tuple[datetime, int]:
        """A schedule's runs are in the order in which they started."""
        return self.started_at, self.run_id


def pack(runs: Iterable[PastRun]) -> bytes:
    """The runs, oldest first: each is stored as its distance from the one before it."""
    rows: list[_Row] = []
    moment, run_id = 0, 0
    for run in runs:
        started = (as_utc(run.started_at) - _EPOCH) // _MICROSECOND
        rows.append((started - moment, run.run_id - run_id, run.failed, run.seconds))
        moment, run_id = started, run.run_id
    return zlib.compress(msgspec.msgpack.encode(rows), 9)


def unpack(packed: bytes) -> Sequence[PastRun]:
    """The reverse.

    Raises:
        msgspec.DecodeError, zlib.error: it is not what `pack` made.
    """
    runs = []
    moment, run_id = 0, 0
    for later, further, failed, seconds in _ROWS.decode(zlib.decompress(packed)):
        moment, run_id = moment + later, run_id + further
        runs.append(PastRun(_EPOCH + moment * _MICROSECOND, run_id, failed, seconds))
    return runs
