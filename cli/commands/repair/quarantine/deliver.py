"""`bolt-archive quarantine deliver`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands.repair.quarantine.deliveries import read_deliveries
from cli.commands.set_up.send import deliver as post
from cli.secrets.secrets_manager import read_secret
from cli.stack.messages import held_messages
from cli.stack.options import find_target
from cli.stack.target import Target
from cli.terminal.errors import CommandError, IncompleteError, NotDeliveredError
from cli.terminal.output import AsJson, print_json, say, warn
from functions.run import event
from functions.run.display import counted
from functions.shared.errors import NotUnderstoodError


def deliver(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Fixed files, under the names that `save` gave them.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Sign and deliver fixed files, and remove their originals from quarantine.

    An original is removed only after its fixed file has been stored.

    Example:
    $ bolt-archive quarantine deliver fixing/*.json
    """
    target = find_target(ctx)
    secret = read_secret(target, target.webhook_secret)
    done: list[dict[str, Any]] = []
    with held_messages(target.sqs, target.quarantine_url) as held:
        quarantined = read_deliveries(held)
        for file in files:
            originals = [one for one in quarantined if one.name == file.name]
            try:
                run = _deliver(target, secret, file) if originals else _refuse(file)
            except (CommandError, NotUnderstoodError) as e:
                done.append({"file": str(file), "error": str(e)})
                continue
            for original in originals:
                held.delete(original.message)
            done.append({"file": str(file), "run": run})
    failed = [one for one in done if "error" in one]
    if as_json:
        print_json(done)
    else:
        for one in done:
            if "error" in one:
                warn(f"{one['file']}: {one['error']}")
            else:
                say(f"{one['file']}: delivered, run {one['run']}")
    if failed:
        raise IncompleteError(f"{counted(len(failed), 'file')} could not be delivered")


def _deliver(target: Target, secret: str, file: Path) -> str:
    """Delivers a fixed file, and returns the name of its run.

    Raises:
        NotUnderstoodError: The file is still not valid; it was not sent.
        NotDeliveredError: The webhook did not store it as a run.
    """
    body = file.read_bytes()
    event.parse(body)
    answer = post(target.webhook_url, secret, body)
    if answer["status"] != "accepted":
        raise NotDeliveredError(
            f"the stack answered {answer['status']}, although this version can read the file: "
            "deploy the current version"
        )
    return str(answer["run"])


def _refuse(file: Path) -> str:
    raise CommandError(
        f"no quarantined delivery is named {file.name}; to deliver any file: `bolt-archive send`"
    )
