"""`bolt-archive`: the operator's command line, for a deployed stack and for the local one."""

import sys

import typer

from cli.commands.look.download.command import download
from cli.commands.look.open_page import open_page
from cli.commands.look.runs import runs
from cli.commands.look.show import show
from cli.commands.repair import quarantine
from cli.commands.repair.redrive import redrive
from cli.commands.repair.replay import replay
from cli.commands.repair.restore import restore
from cli.commands.repair.sweep import sweep
from cli.commands.set_up.configure import configure
from cli.commands.set_up.doctor import doctor
from cli.commands.set_up.send import send
from cli.terminal.errors import CommandError
from cli.terminal.output import complain
from functions.shared.errors import RunArchiveError

_LOOK, _REPAIR, _SET_UP = "Look", "Repair", "Set up"

app = typer.Typer(
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

app.command(rich_help_panel=_LOOK)(runs)
app.command(rich_help_panel=_LOOK)(show)
app.command("open", rich_help_panel=_LOOK)(open_page)
app.command(rich_help_panel=_LOOK)(download)
app.command(rich_help_panel=_REPAIR)(replay)
app.command(rich_help_panel=_REPAIR)(redrive)
app.command(rich_help_panel=_REPAIR)(sweep)
app.command(rich_help_panel=_REPAIR)(restore)
app.add_typer(
    quarantine.app,
    name="quarantine",
    rich_help_panel=_REPAIR,
    help="Look after genuine deliveries that could not be understood: list, save, deliver.",
)
app.command(rich_help_panel=_SET_UP)(configure)
app.command(rich_help_panel=_SET_UP)(doctor)
app.command(rich_help_panel=_SET_UP)(send)


def main() -> None:
    """Exit status 0, 1 when the command failed, 2 when it was used wrongly."""
    try:
        app()
    except (CommandError, RunArchiveError) as e:
        complain(f"bolt-archive: {e}")
        sys.exit(1)
