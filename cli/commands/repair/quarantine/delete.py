"""`bolt-archive quarantine delete`."""

from typing import Annotated

import typer

from cli.commands.repair.quarantine.deliveries import read_deliveries
from cli.stack.messages import held_messages
from cli.stack.options import find_target
from cli.terminal.errors import IncompleteError
from cli.terminal.output import AsJson, print_json, say
from functions.run.display import counted


def delete(
    ctx: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="NAME", help="A name as `quarantine list` prints it.")
    ],
    as_json: AsJson = False,
) -> None:
    """Delete quarantined deliveries for good.

    To keep a copy, run `bolt-archive quarantine save` before.

    Example:
    $ bolt-archive quarantine delete msg_2f7b.1d3a9c40.json
    """
    target = find_target(ctx)
    deleted = []
    with held_messages(target.sqs, target.quarantine_url) as held:
        for one in read_deliveries(held):
            if one.name in names:
                held.delete(one.message)
                deleted.append(one.name)
    if as_json:
        print_json(deleted)
    else:
        for name in deleted:
            say(f"deleted: {name}")
    if missing := [name for name in names if name not in deleted]:
        raise IncompleteError(
            f"{counted(len(missing), 'name')} not in quarantine: {', '.join(missing)}; "
            "`bolt-archive quarantine list` prints those that are"
        )
