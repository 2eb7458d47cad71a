"""`bolt-archive quarantine save`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.repair.quarantine.deliveries import read_deliveries
from cli.stack.messages import held_messages
from cli.stack.options import find_target
from cli.terminal.output import AsJson, complain, counted, print_json, say


def save(
    ctx: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", file_okay=False, help="It is made if need be.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write the body of each quarantined delivery to a file, byte for byte.

    They stay in quarantine. A file that is there already is left alone: it may be fixed by now.

    Example:
    $ bolt-archive quarantine save fixing/
    """
    target = find_target(ctx)
    with held_messages(target.sqs, target.quarantine_url) as held:
        deliveries = read_deliveries(held)
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for one in deliveries:
        file = directory / one.name
        try:
            with file.open("xb") as stream:
                stream.write(one.delivery.body)
        except FileExistsError:
            complain(f"{file}: left alone, since it is there")
            continue
        written.append(str(file))
        if not as_json:
            say(f"{file}: {one.delivery.reason}")
    if as_json:
        print_json(written)
    else:
        say(f"{counted(len(written), 'file')} written")
