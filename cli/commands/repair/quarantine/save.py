"""`bolt-archive quarantine save`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.repair.quarantine.deliveries import read_deliveries
from cli.stack.messages import held_messages
from cli.stack.options import find_target
from cli.terminal.output import AsJson, print_json, say, warn
from functions.run.display import counted


def save(
    ctx: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", file_okay=False, help="Created if it does not exist.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write the body of each quarantined delivery to a file, byte for byte.

    The deliveries stay in quarantine. Existing files, which you may have edited, are not
    overwritten.

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
            warn(f"{file}: not overwritten")
            continue
        written.append(str(file))
        if not as_json:
            say(f"{file}: {one.delivery.reason}")
    if as_json:
        print_json(written)
    else:
        say(f"{counted(len(written), 'file')} written")
