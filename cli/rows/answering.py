"""What a question about all runs prints: a table, JSON, or a file of CSV or Parquet."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.rows.database import Answer, Database
from cli.stack.options import find_target
from cli.terminal.errors import CommandError
from cli.terminal.input import parse_since
from cli.terminal.output import cell, minute, new_table, print_tables, put, say, warn
from functions.run.display import counted

MAX_SHOWN = 200
_SPAN = timedelta(days=30)

RowsSince = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        parser=parse_since,
        metavar="WHEN",
        help="Only runs that started since then: 12h, 7d or 26w ago, or a date (UTC). "
        "Default: 30d.",
    ),
]


def _output_file(text: str) -> Path:
    """Raises:
    BadParameter: The file's ending is neither .csv nor .parquet, or its folder is not there.
    """
    path = Path(text)
    if path.suffix not in (".csv", ".parquet"):
        raise typer.BadParameter(f"{text} ends neither in .csv nor in .parquet")
    if not path.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent} to write {path.name} to")
    return path


Output = Annotated[
    Path | None,
    typer.Option(
        parser=_output_file,
        metavar="FILE",
        help="Write all rows to this file instead: .csv or .parquet.",
    ),
]


def answer(
    ctx: typer.Context,
    query: str,
    since: datetime | None,
    output: Path | None,
    *,
    as_json: bool,
    nothing: str | None = None,
) -> None:
    """Asks a query, and prints what it finds or writes it to a file.

    `nothing` is what it means that nothing is found, if that ends with status 1.
    """
    database = Database(find_target(ctx), since or datetime.now(UTC) - _SPAN)
    runs = database.run_count
    if not runs:
        warn(
            "no results of runs are stored since then. They come with each archived run (of all "
            "runs, if the setting history is all); bolt-archive replay RUN stores those of an "
            "earlier archive"
        )
    found = database.ask(query)
    if output is not None:
        try:
            found.write(output)
        except OSError as e:
            raise CommandError(f"{output} cannot be written: {e}") from e
        if not as_json:
            say(f"written: {output}")
    elif as_json:
        _print_json(found)
    elif not _print_table(found) and nothing:
        say(f"{nothing} ({counted(runs, 'run')})")
        raise typer.Exit(1)


def _print_json(found: Answer) -> None:
    """A row a line, printed as they are read."""
    before = "[\n"
    for row in found.rows():
        put(before + json.dumps(dict(zip(found.columns, row, strict=True)), default=str))
        before = ",\n"
    put("[]\n" if before == "[\n" else "\n]\n")


def _print_table(found: Answer) -> int:
    """The number of rows that are shown."""
    rows = found.rows()
    table = new_table(*(column.replace("_", " ") for column in found.columns))
    shown = 0
    for row in islice(rows, MAX_SHOWN):
        table.add_row(
            *(cell(_shown(name, value)) for name, value in zip(found.columns, row, strict=True))
        )
        shown += 1
    if shown:
        print_tables(table)
    if next(rows, None) is not None:
        warn(f"only the first {MAX_SHOWN} rows are shown; --json and --output have all")
    return shown


def _shown(name: str, value: object) -> str:
    show: dict[type, Callable[[Any], str]] = {
        float: lambda number: f"{number:,.2f}",
        type(None): lambda _: "",
    }
    if name.endswith(("_at", "_since", "_seen")) and isinstance(value, str):
        try:
            return minute(value)
        except ValueError:
            return value
    return show.get(type(value), str)(value)
