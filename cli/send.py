"""`bolt-archive send`: delivers a payload file as Paradime would."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import requests
import typer

from cli.errors import NotDeliveredError
from cli.output import AsJson, console, print_json
from cli.signing import signed_headers
from cli.target import Target, targeted


def deliver(url: str, secret: str, body: bytes) -> dict[str, Any]:
    """Signs a body with the webhook secret (JSON) and posts it; returns the answer's JSON.

    Raises:
        NotDeliveredError: see there.
    """
    try:
        response = requests.post(
            url, data=body, headers=signed_headers(secret, body, datetime.now(UTC)), timeout=30
        )
    except requests.RequestException as e:
        raise NotDeliveredError(f"{url} could not be reached: {type(e).__name__}") from e
    if not response.ok:
        raise NotDeliveredError(f"{url} answered {response.status_code}: {response.text[:200]}")
    answer: dict[str, Any] = response.json()
    return answer


def with_api_url(body: bytes, api_url: str) -> bytes:
    """A payload with another API address in it."""
    return json.dumps(json.loads(body) | {"api_url": api_url}, indent=3).encode()


@targeted
def send(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Payload files, in order.")
    ],
    target: Target,
    url: Annotated[
        str | None, typer.Option(help="Deliver there instead of to the stack's own webhook.")
    ] = None,
    api_url: Annotated[
        str | None,
        typer.Option(help="Write this API address into the payload before signing it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign payload files with the stack's webhook secret and deliver them.

    Example: bolt-archive send events/run_completed.json --local
    """
    secret = target.secrets.get_secret_value(SecretId=target.webhook_secret)["SecretString"]
    for file in files:
        body = file.read_bytes()
        answer = deliver(
            url or target.webhook_url, secret, with_api_url(body, api_url) if api_url else body
        )
        if as_json:
            print_json(answer)
        else:
            console.print(f"{file.name}: {answer['status']}, run {answer['run']}")
