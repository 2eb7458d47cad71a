"""`bolt-archive doctor`."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli.commands.set_up.doctor.capture import read_capture
from cli.commands.set_up.doctor.diagnosis import Cause, diagnose
from cli.commands.set_up.doctor.finding import Finding, Verdict
from cli.secrets.vault import read_earlier, read_secret
from cli.stack.options import chosen_stack, find_target
from cli.stack.target import Target
from cli.terminal.errors import IncompleteError
from cli.terminal.output import AsJson, print_json, say, working
from cli.terminal.text import visible

_COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "bold red"}
_INDENT = " " * 26


def doctor(
    ctx: typer.Context,
    delivery: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="A captured delivery: say why its signature does not verify.",
        ),
    ] = None,
    api_url: Annotated[
        str | None,
        typer.Option(help="Paradime's API, if the latest run's address is not the one to try."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that deliveries arrive and runs are archived, and say what to do where not.

    A captured delivery is a JSON file: {"headers": {…}, "body": "…", "received_at": "…"}, with
    "body_base64" in place of "body" if need be; or an event of API Gateway, as it is in a log. No
    secret is printed.

    Examples:
    $ bolt-archive doctor
    $ bolt-archive doctor --delivery refused.json
    $ bolt-archive doctor --api-url https://api.paradime.io/api/v1/…/graphql
    """
    if delivery is not None:
        _diagnose(find_target(ctx), delivery, as_json=as_json)
        return
    from cli.commands.set_up.doctor.checks import all_checks  # imports boto3

    findings: list[Finding] = []
    checks = all_checks(chosen_stack(ctx), api_url)
    while True:
        with working("checking"):
            finding = next(checks, None)
        if finding is None:
            break
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    count = Counter(finding.verdict for finding in findings)
    if count[Verdict.FAILED]:
        raise IncompleteError(f"{count[Verdict.FAILED]} of {len(findings)} checks failed")


def _diagnose(target: Target, file: Path, *, as_json: bool) -> None:
    capture = read_capture(file)
    secret = read_secret(target, target.webhook_secret)
    earlier = read_earlier(target, target.webhook_secret)
    found = diagnose(capture, secret, earlier, datetime.now(UTC))
    if as_json:
        print_json(asdict(found))
    else:
        colour = "green" if found.cause is Cause.GENUINE else "bold red"
        say(Text.assemble((found.cause, colour), f": {visible(found.said)}"))
        if found.advice:
            say(f"→ {found.advice}")
    if found.cause is not Cause.GENUINE:
        raise IncompleteError(f"{file.name} does not verify: {found.cause}")


def _print(finding: Finding) -> None:
    verdict = (f"{finding.verdict:<9}", _COLOURS.get(finding.verdict, "dim"))
    say(Text.assemble(verdict, f"{finding.check:<17}", visible(finding.said)))
    if finding.advice:
        say(f"{_INDENT}→ {finding.advice}")
