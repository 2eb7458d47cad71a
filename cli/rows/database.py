"""DuckDB with the rows since a day as tables, and the queries that it is asked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.rows.cache import fetch_days
from cli.stack.target import Target
from cli.terminal.errors import NoDuckDbError, QueryError
from cli.terminal.output import working
from functions.rows.row import COMMAND, RUN, sql_types
from functions.run.instants import to_text

if TYPE_CHECKING:
    import duckdb

_BATCH = 1_000


class Answer:
    """What a query found; rows are read as they are asked for."""

    def __init__(self, relation: "duckdb.DuckDBPyRelation") -> None:
        self._relation = relation
        self.columns: Sequence[str] = relation.columns

    def rows(self) -> Iterator[tuple[Any, ...]]:
        with _query_errors():
            while batch := self._relation.fetchmany(_BATCH):
                yield from batch

    def write(self, path: Path) -> None:
        """As CSV or Parquet, by the file's ending."""
        with _query_errors():
            if path.suffix == ".csv":
                self._relation.write_csv(str(path))
            else:
                self._relation.write_parquet(str(path), compression="zstd")


class Database:
    """The tables `runs`, `commands` and `nodes`, with the rows of runs that started since then.

    Raises:
        NoDuckDbError: DuckDB is not installed.
    """

    def __init__(self, target: Target, since: datetime) -> None:
        self._database = _connect()
        with working("looking for new results") as status:
            files = fetch_days(target, self._database, since, status.update)
        self._create_tables(files, since)

    @property
    def run_count(self) -> int:
        [count] = self._database.sql("select count(*) from runs").fetchone() or (0,)
        return int(count)

    def ask(self, query: str) -> Answer:
        """
        Raises:
            QueryError: DuckDB refuses it, or it is nothing that has rows.
        """
        with _query_errors():
            relation = self._database.sql(query)
        if relation is None:
            raise QueryError("this is no query that finds rows: begin with select or with")
        return Answer(relation)

    def _create_tables(self, files: Sequence[Path], since: datetime) -> None:
        columns = ", ".join(f"null::{kind} as {name}" for name, kind in sql_types().items())
        rows = self._database.sql(f"select {columns} where false")
        if files:
            rows = self._database.read_parquet([str(file) for file in files])
        rows = rows.filter(f"run_started_at >= '{to_text(since)}'")
        rows = rows.project("*, run_started_at[:10] as day")
        rows.filter(f"type = '{RUN}'").create_view("runs")
        rows.filter(f"type = '{COMMAND}'").create_view("commands")
        rows.filter(f"type not in ('{RUN}', '{COMMAND}')").create_view("nodes")


def _connect() -> "duckdb.DuckDBPyConnection":
    try:
        import duckdb
    except ImportError:
        raise NoDuckDbError(
            "queries need DuckDB, which is not installed: pipx inject paradime-run-archive duckdb "
            "or, in a clone, any target of make"
        ) from None
    # All that is needed is part of the package: nothing is to be downloaded.
    return duckdb.connect(config={"autoinstall_known_extensions": False})


@contextmanager
def _query_errors() -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as e:
        raise QueryError(str(e).partition("\n\n")[0]) from None
