"""How commands print: tables for people, plain text for pipes, JSON for programs.

Text from payloads, logs and answers may hold escape sequences: anybody who can name a schedule can
put them into its name. They are shown, not obeyed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from functions.run.display import HIDDEN

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

# Wider than any row, so that output into a pipe is never wrapped.
_PIPE_WIDTH = 1_000_000

_MOST_OF_A_NAME = 20

_BREAKS = re.compile(r"[\t\r\n]+")
_HIDDEN = re.compile(rf"[{HIDDEN}\ud800-\udfff]")


def visible(text: object) -> str:
    r"""The text on one line, with each hidden character spelled out, for example `\x1b`."""
    one_line = _BREAKS.sub(" ", str(text))
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), one_line)


def cell(text: object, style: str = "") -> Text:
    """The same as Text for a table's cell, in which Rich does not look for markup."""
    return Text(visible(text), style=style)


def paragraph(text: object, style: str = "") -> Text:
    """A cell that keeps the text's lines on a terminal; in a pipe each row is one line."""
    if not on_terminal():
        return cell(text, style)
    return Text("\n".join(map(visible, str(text).splitlines())), style=style)


def say(sentence: str | Text) -> None:
    """Prints a line of plain or styled text; the style is for terminals only."""
    if isinstance(sentence, Text):
        Console(highlight=False).print(sentence, soft_wrap=True)
    else:
        typer.echo(visible(sentence))


def put(text: str) -> None:
    """Prints text as it is. It must not hold escape sequences."""
    typer.echo(text, nl=False)


def warn(sentence: str) -> None:
    """Prints a line to standard error."""
    typer.echo(visible(sentence), err=True)


def new_table(*headers: str) -> Table:
    """A table whose long cells are folded, not cut, on a narrow terminal."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def new_listing(*headers: str) -> Table:
    """A table with a row on each line of a terminal: the last column gets what is left of it.

    A schedule's name is folded rather than cut, for it may have to be typed.
    """
    table = new_table(*headers)
    for column in table.columns:
        column.no_wrap = column.header != "schedule"
        column.max_width = None if column.no_wrap or not on_terminal() else _MOST_OF_A_NAME
    if on_terminal():
        table.expand = True
        table.columns[-1].ratio, table.columns[-1].overflow = 1, "ellipsis"
    return table


def new_facts(facts: Mapping[str, Text | str]) -> Table:
    """A table of names and values, without the empty ones."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        if fact:
            table.add_row(name, fact)
    return table


def on_terminal() -> bool:
    return Console().is_terminal


def has_room_for(columns: int) -> bool:
    """Whether rows of this width fit on the terminal; in a pipe any do."""
    console = Console()
    return not console.is_terminal or console.width >= columns


def print_tables(*tables: Table) -> None:
    """Prints tables as they are on a terminal; in a pipe as aligned columns, one row per line."""
    console = Console(highlight=False, emoji=False)
    if console.is_terminal:
        for number, table in enumerate(tables):
            console.print(*([""] if number else []), table, sep="\n")
        return
    console.width = _PIPE_WIDTH
    for number, table in enumerate(tables):
        table.box, table.padding, table.pad_edge = None, (0, 2, 0, 0), False
        with console.capture() as captured:
            console.print(table)
        lines = [line.rstrip() for line in captured.get().splitlines()]
        typer.echo("\n".join([""] * bool(number) + lines))


def print_json(value: Any) -> None:
    """Prints JSON, with DynamoDB's numbers as numbers and its sets as sorted lists."""
    typer.echo(json.dumps(value, indent=2, default=_plain))


def working(on: str) -> AbstractContextManager[Any]:
    """Shows progress on a terminal, on standard error only."""
    return Console(stderr=True).status(f"{on} …")


def short_instant(text: str | None) -> str:
    """For example `2023-10-15 16:44:01`; always UTC."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}" if text else ""


def minute(text: str | None) -> str:
    """For example `2023-10-15 16:44`; always UTC."""
    return short_instant(text)[:16]


def listed(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case set():
            return sorted(value)
        case _:
            raise TypeError(f"cannot print {type(value).__name__} as JSON")
