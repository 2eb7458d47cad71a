"""`bolt-archive doctor`."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli.commands.set_up.doctor.capture import read_capture
from cli.commands.set_up.doctor.checks import all_checks
from cli.commands.set_up.doctor.diagnosis import Cause, diagnose
from cli.commands.set_up.doctor.finding import Finding, Verdict
from cli.secrets.secrets_manager import read_previous, read_secret
from cli.stack.options import chosen_stack, find_target
from cli.stack.target import Target
from cli.terminal.errors import IncompleteError
from cli.terminal.output import AsJson, print_json, say, visible, working

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
            help="Explain why the signature of this captured delivery does not verify.",
        ),
    ] = None,
    api_url: Annotated[
        str | None,
        typer.Option(help="Address of Paradime's API to test, instead of the latest run's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every part of the stack, and say how to fix what is wrong.

    A captured delivery is a JSON file: {"headers": {…}, "body": "…", "received_at": "…"}, with
    "body_base64" instead of "body" if it is binary, or an API Gateway event from a log. Secrets are
    never printed.

    Examples:
    $ bolt-archive doctor
    $ bolt-archive doctor --delivery refused.json
    $ bolt-archive doctor --api-url https://api.paradime.io/api/v1/…/graphql
    """
    if delivery is not None:
        _diagnose(find_target(ctx), delivery, as_json=as_json)
        return
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
    earlier = read_previous(target, target.webhook_secret)
    found = diagnose(capture, secret, earlier, datetime.now(UTC))
    if as_json:
        print_json(asdict(found))
    else:
        colour = "green" if found.cause is Cause.GENUINE else "bold red"
        say(Text.assemble((found.cause, colour), f": {visible(found.detail)}"))
        if found.advice:
            say(f"→ {found.advice}")
    if found.cause is not Cause.GENUINE:
        raise IncompleteError(f"{file.name} does not verify: {found.cause}")


def _print(finding: Finding) -> None:
    verdict = (f"{finding.verdict:<9}", _COLOURS.get(finding.verdict, "dim"))
    say(Text.assemble(verdict, f"{finding.check:<17}", visible(finding.detail)))
    if finding.advice:
        say(f"{_INDENT}→ {finding.advice}")
