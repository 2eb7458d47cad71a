"""`bolt-archive query`: asks the results of all runs with SQL."""

from typing import Annotated

import typer

from cli.rows.answering import Output, RowsSince, answer
from cli.terminal.output import AsJson


def query(
    ctx: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A query in DuckDB's SQL.")],
    since: RowsSince = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Ask the results of all runs with SQL.

    There are three tables: runs, commands and nodes. docs/reference.md has their columns.
    New days are fetched once, and kept in your cache folder.

    Examples:
    $ bolt-archive query "select schedule_name, sum(seconds) / 60 as minutes from runs group by 1"
    $ bolt-archive query "select * from nodes where status = 'error'" --since 7d --output e.parquet
    """
    answer(ctx, sql, since, output, as_json=as_json)
