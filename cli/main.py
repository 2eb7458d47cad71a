"""`bolt-archive`: the operator's command line, for a deployed stack and for the local one."""

import sys
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.stack.options import StackCommand, choose_stack
from cli.terminal.errors import CommandError
from cli.terminal.output import complain
from functions.shared.errors import RunArchiveError


class Listed(NamedTuple):
    """A command as `--help` lists it; `source` is the function or the group that it calls."""

    name: str
    source: str
    summary: str


PANELS = {
    "Look": (
        Listed("runs", "look.runs:runs", "List runs, latest first."),
        Listed("show", "look.show:show", "Show a run: what failed, its commands and its files."),
        Listed("open", "look.open_page:open_page", "Open a run's page in the browser."),
        Listed(
            "download",
            "look.download.command:download",
            "Download a run's archive, and check each file against its inventory.",
        ),
    ),
    "Repair": (
        Listed(
            "replay",
            "repair.replay:replay",
            "Archive runs again, or such as have not been archived.",
        ),
        Listed(
            "redrive",
            "repair.redrive:redrive",
            "Send dead letters back to the run queue, to be tried again from the start.",
        ),
        Listed(
            "sweep",
            "repair.sweep:sweep",
            "Take in ended runs of which no webhook told, and archive those that failed.",
        ),
        Listed(
            "restore",
            "repair.restore:restore",
            "Copy the records that the stack lacks from another table.",
        ),
        Listed(
            "quarantine",
            "repair.quarantine:app",
            "Look after genuine deliveries that could not be understood: list, save, deliver.",
        ),
    ),
    "Set up": (
        Listed(
            "configure",
            "set_up.configure:configure",
            "Store the signing secret and the API credentials.",
        ),
        Listed(
            "doctor",
            "set_up.doctor.command:doctor",
            "Check that deliveries arrive and runs are archived, and say what to do where not.",
        ),
        Listed(
            "send",
            "set_up.send:send",
            "Sign payload files with the stack's webhook secret and deliver them.",
        ),
    ),
}


class LazyGroup(TyperGroup):
    """Lists the commands as above, and imports the one that is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for panel, commands in PANELS.items():
            for listed in commands:
                self.add_command(
                    TyperCommand(listed.name, help=listed.summary, rich_help_panel=panel)
                )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, found, rest = super().resolve_command(ctx, args)
        return name, found and load(str(name)), rest


def load(name: str) -> Any:
    """The whole command, or group of commands, of this name."""
    [source] = [c.source for commands in PANELS.values() for c in commands if c.name == name]
    module, _, attribute = source.partition(":")
    found = getattr(import_module(f"cli.commands.{module}"), attribute)
    if isinstance(found, typer.Typer):
        return get_command(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name, cls=StackCommand)(found)
    return get_command(alone)


app = typer.Typer(
    cls=LazyGroup,
    callback=choose_stack,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What broke in which Paradime run, with its logs and artifacts.\n\n"
    "Works on the stack that is deployed with your AWS credentials, or, with --local, on the one "
    "that `make local` runs. Each command takes --json, and ends with 0, with 1 if it failed, "
    "with 2 if it was used wrongly.",
    epilog="[dim]In the morning:[/] bolt-archive runs --failed --since 1d, then "
    "bolt-archive show RUN and bolt-archive open RUN.  "
    "[dim]Nothing arrives:[/] bolt-archive doctor.",
)


def main() -> None:
    """Exit status 0, 1 when the command failed, 2 when it was used wrongly."""
    try:
        app()
    except (CommandError, RunArchiveError) as e:
        complain(f"bolt-archive: {e}")
        sys.exit(1)
