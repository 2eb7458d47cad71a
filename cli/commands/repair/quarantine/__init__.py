"""`bolt-archive quarantine`: genuine deliveries that could not be understood."""

import typer

from cli.commands.repair.quarantine.delete import delete
from cli.commands.repair.quarantine.deliver import deliver
from cli.commands.repair.quarantine.list import list_deliveries
from cli.commands.repair.quarantine.save import save
from cli.stack.options import StackCommand

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="List, save, redeliver and delete deliveries that could not be understood.",
)
app.command("list", cls=StackCommand)(list_deliveries)
app.command(cls=StackCommand)(save)
app.command(cls=StackCommand)(deliver)
app.command(cls=StackCommand)(delete)
