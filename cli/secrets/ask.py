"""Asks for a secret: without echo at a terminal, else the next line of standard input."""

import sys

import typer

from cli.terminal.errors import CommandError


def ask_secret(label: str) -> str:
    """What was typed, without white space around it; may be empty.

    Raises:
        CommandError: standard input has ended.
    """
    if sys.stdin.isatty():
        typed: str = typer.prompt(label, hide_input=True, default="", show_default=False, err=True)
        return typed.strip()
    line = sys.stdin.readline()
    if not line:
        raise CommandError(f"standard input has no line with: {label}")
    return line.strip()
