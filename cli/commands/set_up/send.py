"""`bolt-archive send`: delivers payload files as Paradime would."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import requests
import typer

from cli.secrets.secrets_manager import read_secret
from cli.secrets.signing import signed_headers
from cli.stack.options import find_target
from cli.terminal.errors import NotDeliveredError
from cli.terminal.output import AsJson, print_json, say, working


def deliver(url: str, secret: str, body: bytes) -> dict[str, Any]:
    """Signs a body with the webhook secret (JSON) and posts it; returns the answer's JSON.

    Raises:
        NotDeliveredError: The webhook did not answer, or not with 2xx.
        SignatureError: There is no usable secret.
    """
    headers = signed_headers(secret, body, datetime.now(UTC))
    try:
        # Like senders, follow no redirect: the secret of the scheme `token` would go with it.
        response = requests.post(url, data=body, headers=headers, timeout=30, allow_redirects=False)
    except requests.RequestException as e:
        raise NotDeliveredError(f"{url} could not be reached: {type(e).__name__}") from e
    if not 200 <= response.status_code < 300:
        raise NotDeliveredError(f"{url} answered {response.status_code}: {response.text[:200]}")
    answer: dict[str, Any] = response.json()
    return answer


def with_api_url(body: bytes, api_url: str) -> bytes:
    """A payload with its API address replaced."""
    return json.dumps(json.loads(body) | {"api_url": api_url}, indent=3).encode()


def send(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Payload files, sent in this order.",
        ),
    ],
    url: Annotated[
        str | None, typer.Option(help="Deliver to this address instead of the stack's webhook.")
    ] = None,
    api_url: Annotated[
        str | None,
        typer.Option(help="Put this API address into each payload before signing it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign payload files and deliver them to the webhook.

    Each is signed with the stack's signing secret, as Paradime would sign it.

    Examples:
    $ bolt-archive send events/run_completed.json
    $ bolt-archive send my.json --local --api-url http://127.0.0.1:8484/api/v1/any/graphql
    """
    target = find_target(ctx)
    secret = read_secret(target, target.webhook_secret)
    answers = []
    try:
        for file in files:
            body = file.read_bytes()
            with working(f"delivering {file.name}"):
                answer = deliver(
                    url or target.webhook_url,
                    secret,
                    with_api_url(body, api_url) if api_url else body,
                )
            answers.append({"file": str(file)} | answer)
            if not as_json:
                run = f", run {answer['run']}" if answer["run"] else ""
                say(f"{file.name}: {answer['status']}{run}")
    finally:
        if as_json:
            print_json(answers)
    if all(answer["status"] == "quarantined" for answer in answers):
        raise NotDeliveredError(
            "nothing was recorded: every delivery was quarantined; "
            "`bolt-archive quarantine list` says why"
        )
