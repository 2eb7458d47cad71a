"""`bolt-archive quarantine deliver`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands.repair.quarantine.deliveries import read_deliveries
from cli.commands.set_up.send import deliver as post
from cli.secrets.vault import read_secret
from cli.stack.messages import held_messages
from cli.stack.options import find_target
from cli.stack.target import Target
from cli.terminal.errors import CommandError, IncompleteError, NotDeliveredError
from cli.terminal.output import AsJson, complain, counted, print_json, say
from functions.run import event
from functions.shared.errors import NotUnderstoodError


def deliver(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Fixed files, named as `save` named them.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Deliver fixed files, signed anew, and remove their originals from quarantine.

    An original is removed once its fixed file is stored, and not before.

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
                complain(f"{one['file']}: {one['error']}")
            else:
                say(f"{one['file']}: delivered, run {one['run']}")
    if failed:
        raise IncompleteError(f"{counted(len(failed), 'file')} not delivered")


def _deliver(target: Target, secret: str, file: Path) -> str:
    """Delivers a fixed file; the name of its run.

    Raises:
        NotUnderstoodError: the file is not fixed; it was not sent.
        NotDeliveredError: the webhook did not store it as a run.
    """
    body = file.read_bytes()
    event.parse(body)
    answer = post(target.webhook_url, secret, body)
    if answer["status"] != "accepted":
        raise NotDeliveredError(
            f"the stack answers {answer['status']}: it understands less than this program does, "
            "so deploy the current version"
        )
    return str(answer["run"])


def _refuse(file: Path) -> str:
    raise CommandError(
        f"no quarantined delivery is named {file.name}; `bolt-archive send` delivers any file"
    )
