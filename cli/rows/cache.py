"""The rows of each day as a Parquet file, fetched when the bucket has others than the cache.

A file's name has a digest of the keys and ETags of the day's objects: a run that is archived, or
archived again, changes it, and the day is fetched anew. Days are listed side by side, which takes
little more time than to list one.
"""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cli.rows.folder import cache_folder
from cli.stack.target import Target
from cli.terminal.errors import QueryError
from functions.rows.packed import PREFIX
from functions.rows.row import sql_types

if TYPE_CHECKING:
    import duckdb

_WORKERS = 16


@dataclass(frozen=True, slots=True)
class Day:
    """The objects of a day; `digest` stands for what is in them."""

    day: date
    keys: tuple[str, ...]
    digest: str

    @property
    def file_name(self) -> str:
        return f"day={self.day}~{self.digest}.parquet"


def fetch_days(
    target: Target,
    database: "duckdb.DuckDBPyConnection",
    since: datetime,
    progress: Callable[[str], None],
) -> list[Path]:
    """The files of all days since then that have rows; those that are new are fetched.

    `database` writes them. What no longer holds is removed.
    """
    folder = cache_folder() / target.bucket
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ThreadPoolExecutor(_WORKERS) as pool:
        days = list(pool.map(lambda day: _listed(target, day), _days(since.astimezone(UTC).date())))
        new = [day for day in days if day.keys and not (folder / day.file_name).exists()]
        for number, day in enumerate(new, start=1):
            progress(f"fetching day {number} of {len(new)}, with {len(day.keys)} runs")
            _fetch(target, database, pool, day, folder)
    for day in days:
        _forget_others(folder, day)
    return [folder / day.file_name for day in days if day.keys]


def _days(first: date) -> Iterator[date]:
    """Up to tomorrow: the clock may be behind."""
    for number in range((datetime.now(UTC).date() - first).days + 2):
        yield first + timedelta(days=number)


def _listed(target: Target, day: date) -> Day:
    pages = target.s3.get_paginator("list_objects_v2").paginate(
        Bucket=target.bucket, Prefix=f"{PREFIX}day={day}/"
    )
    found = {
        item["Key"]: item["ETag"]
        for page in pages
        for item in page.get("Contents", ())
        if item["Key"].endswith(".jsonl.gz")
    }
    # The columns as well: a version that knows more of them reads the rows again.
    known = repr((sorted(found.items()), sql_types()))
    return Day(day, tuple(sorted(found)), sha256(known.encode()).hexdigest()[:16])


def _fetch(
    target: Target,
    database: "duckdb.DuckDBPyConnection",
    pool: ThreadPoolExecutor,
    day: Day,
    folder: Path,
) -> None:
    """The file appears at once and whole, whatever else writes it.

    Raises:
        QueryError: an object of the day holds no rows.
    """
    import duckdb

    with tempfile.TemporaryDirectory(dir=folder) as temporary:

        def download(numbered: tuple[int, str]) -> str:
            number, key = numbered
            path = Path(temporary, f"{number}.jsonl.gz")
            target.s3.download_file(target.bucket, key, str(path))
            return str(path)

        paths = list(pool.map(download, enumerate(day.keys)))
        written = Path(temporary, "rows.parquet")
        try:
            database.read_json(
                paths,  # type: ignore[arg-type]
                columns=sql_types(),
                format="newline_delimited",
                compression="gzip",
            ).write_parquet(str(written), compression="zstd")
        except duckdb.Error as e:
            raise QueryError(
                f"the rows of {day.day} cannot be read ({str(e).splitlines()[0]}); "
                "bolt-archive replay RUN writes those of a run again"
            ) from None
        written.replace(folder / day.file_name)


def _forget_others(folder: Path, day: Day) -> None:
    for path in folder.glob(f"day={day.day}~*.parquet"):
        if path.name != day.file_name or not day.keys:
            path.unlink(missing_ok=True)
