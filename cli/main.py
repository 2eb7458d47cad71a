"""`bolt-archive`: the operator's command line, for a deployed stack and for the local one."""

import sys

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import CommandError
from cli.runs import runs
from cli.send import send
from cli.show import show
from functions.shared.errors import RunArchiveError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Look into a Paradime Run Archive, and feed it.",
)
for command in (send, runs, show):
    app.command()(command)


def main() -> None:
    """Exit status 0, 1 when the command failed, 2 when it was used wrongly."""
    try:
        app()
    except (CommandError, RunArchiveError, ClientError, BotoCoreError) as e:
        sys.exit(f"bolt-archive: {e}")
