"""How commands print: tables for people, plain text into pipes, JSON for programs."""

import json
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

from cli.terminal.text import visible

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

# Wider than any row: a pipe has no width at which to wrap.
_PIPE_WIDTH = 1_000_000


def say(sentence: str | Text) -> None:
    """Prints a line as it is, or a styled one; only terminals get the style."""
    if isinstance(sentence, Text):
        Console(highlight=False).print(sentence, soft_wrap=True)
    else:
        typer.echo(visible(sentence))


def complain(sentence: str) -> None:
    """Prints a line on standard error."""
    typer.echo(visible(sentence), err=True)


def new_table(*headers: str) -> Table:
    """On a narrow terminal, what is too long is folded and not cut."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def new_facts(facts: Mapping[str, Text | str]) -> Table:
    """Names and values, without those that are empty."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        if fact:
            table.add_row(name, fact)
    return table


def has_room_for(columns: int) -> bool:
    """Whether a row of so many columns fits: on the terminal, or into a pipe."""
    console = Console()
    return not console.is_terminal or console.width >= columns


def print_tables(*tables: Table) -> None:
    """On a terminal as they are; into a pipe as aligned columns, a row a line."""
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
    """Prints JSON; DynamoDB's numbers as numbers, its sets as sorted lists."""
    typer.echo(json.dumps(value, indent=2, default=_plain))


def working(on: str) -> AbstractContextManager[Any]:
    """Shows on a terminal that something goes on; standard output stays as it is."""
    return Console(stderr=True).status(f"{on} …")


def short_instant(text: str | None) -> str:
    """Such as `2023-10-15 16:44:01`; the zone is UTC everywhere."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}" if text else ""


def counted(number: int, noun: str) -> str:
    """Such as `1 file`, `2 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case set():
            return sorted(value)
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")
