"""`bolt-archive`: the command line for operators of a deployed stack or the local one."""

import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any, NamedTuple, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.stack.options import StackCommand, choose_stack
from cli.terminal.errors import CommandError
from functions.shared.errors import RunArchiveError


class Listed(NamedTuple):
    """A command as `--help` lists it; `source` is the function or group that implements it."""

    name: str
    source: str
    summary: str


PANELS = {
    "Look": (
        Listed("runs", "look.runs:runs", "List runs, latest first."),
        Listed("show", "look.show:show", "Show a run: what failed, its commands, and its files."),
        Listed("logs", "look.logs:logs", "Print what a run's commands wrote to the console."),
        Listed(
            "sql",
            "look.sql:sql",
            "Print the SQL that a node was compiled to, as the run sent it to the warehouse.",
        ),
        Listed(
            "history",
            "look.history:history",
            "Show how a schedule's last runs ended, or in which of the last failed runs a node "
            "failed.",
        ),
        Listed(
            "serve",
            "look.serve:serve",
            "Browse schedules, runs, logs and files in the browser, until you press Ctrl+C.",
        ),
        Listed("open", "look.open_page:open_page", "Open a run's page in the browser."),
        Listed(
            "download",
            "look.download.command:download",
            "Download a run's archive and verify every file.",
        ),
    ),
    "Ask all runs": (
        Listed("query", "ask.query:query", "Ask the results of all runs with SQL."),
        Listed(
            "flaky",
            "ask.flaky:flaky",
            "List flaky tests: those that passed and failed on the same commit, or keep flipping.",
        ),
        Listed(
            "slow",
            "ask.slow:slow",
            "List models that have got slower, those that cost most time first.",
        ),
        Listed(
            "failing",
            "ask.failing:failing",
            "List the nodes whose last result is a failure, those that have failed longest first.",
        ),
        Listed(
            "reasons",
            "ask.reasons:reasons",
            "List the reasons for failures, the most frequent first.",
        ),
    ),
    "Repair": (
        Listed(
            "ack",
            "repair.ack:ack",
            "Acknowledge that a schedule fails: no reminders while the same nodes fail.",
        ),
        Listed(
            "replay",
            "repair.replay:replay",
            "Archive runs again, or for the first time.",
        ),
        Listed(
            "dead-letters",
            "repair.dead_letters:dead_letters",
            "List the runs that were given up, and why.",
        ),
        Listed(
            "redrive",
            "repair.redrive:redrive",
            "Retry runs that were given up: send their dead letters back to the queue.",
        ),
        Listed(
            "sweep",
            "repair.sweep:sweep",
            "Import finished runs whose webhook never arrived.",
        ),
        Listed(
            "restore",
            "repair.restore:restore",
            "Copy missing run records from another table, such as a restored one.",
        ),
        Listed(
            "quarantine",
            "repair.quarantine:app",
            "List, save, redeliver and delete deliveries that could not be understood.",
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
            "Check every part of the stack, and say how to fix what is wrong.",
        ),
        Listed(
            "send",
            "set_up.send:send",
            "Sign payload files and deliver them to the webhook.",
        ),
    ),
}


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"bolt-archive {version('paradime-run-archive')}")
        raise typer.Exit


def _ask_version(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Only its option is used, by the group of all commands, which has no function of its own."""


class LazyGroup(TyperGroup):
    """Lists all commands without importing any; imports the one that is called.

    Its help is plain text: Rich's takes as long to import as everything else that it needs.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        asking = typer.Typer(add_completion=False)
        asking.command()(_ask_version)
        self.params += get_command(asking).params
        for panel, commands in PANELS.items():
            for listed in commands:
                self.add_command(
                    TyperCommand(listed.name, help=listed.summary, rich_help_panel=panel)
                )

    def format_options(self, ctx: Any, formatter: Any) -> None:
        for panel, commands in PANELS.items():
            with formatter.section(panel):
                formatter.write_dl([(listed.name, listed.summary) for listed in commands])
        options = [parameter.get_help_record(ctx) for parameter in self.get_params(ctx)]
        with formatter.section("Options"):
            formatter.write_dl([option for option in options if option])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, found, rest = super().resolve_command(ctx, args)
        return name, found and load(str(name)), rest


def load(name: str) -> Any:
    """Imports the command, or group of commands, of this name."""
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
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="See which Paradime runs failed and why, with their logs and artifacts.\n\n"
    "Works on the stack in your AWS account or, with --local, on the one that `make local` runs. "
    "Every command takes --json. Exit status: 0 if it succeeded, 1 if it failed or found nothing, "
    "2 if it was used incorrectly.",
    epilog="In the morning: bolt-archive runs --failed --since 1d, then bolt-archive show RUN and "
    "bolt-archive logs RUN --failed.\n\nIf nothing arrives: bolt-archive doctor.",
)


def main() -> None:
    """Exits with status 0, with 1 if the command failed, or with 2 if it was used incorrectly."""
    for stream in (sys.stdout, sys.stderr):
        # A pipe may be in an encoding that lacks characters of the output: cp1252 has no arrow.
        cast(TextIOWrapper, stream).reconfigure(errors="backslashreplace")
    try:
        app()
    except (CommandError, RunArchiveError) as e:
        from cli.terminal.output import warn

        warn(f"bolt-archive: {e}")
        sys.exit(1)
