"""How commands print: tables for people, plain text into pipes, JSON for programs."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

console = Console()


def print_json(value: Any) -> None:
    """Prints JSON; DynamoDB's numbers as numbers, its sets as sorted lists."""
    typer.echo(json.dumps(value, indent=2, default=_plain))


def short_instant(text: str | None) -> str:
    """Such as `2023-10-15 16:44:01`; the zone is UTC everywhere."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}" if text else ""


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case set():
            return sorted(value)
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")
