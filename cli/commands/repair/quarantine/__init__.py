"""`bolt-archive quarantine`: genuine deliveries that could not be understood."""

import typer

from cli.commands.repair.quarantine.deliver import deliver
from cli.commands.repair.quarantine.list import list_deliveries
from cli.commands.repair.quarantine.save import save

app = typer.Typer(no_args_is_help=True)
app.command("list")(list_deliveries)
app.command()(save)
app.command()(deliver)
