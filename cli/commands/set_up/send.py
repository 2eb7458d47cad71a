"""`bolt-archive send`: delivers payload files as Paradime would."""

from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import requests
import typer

from cli.commands.set_up.payloads import SAMPLES, changed, read_payload, with_api_url
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
        with requests.Session() as session:
            # A proxy that is set for everything else cannot reach this machine.
            session.trust_env = not _is_loopback(url)
            # Like senders, follow no redirect: the secret of the scheme `token` would go with it.
            response = session.post(
                url, data=body, headers=headers, timeout=30, allow_redirects=False
            )
    except requests.RequestException as e:
        raise NotDeliveredError(f"{url} could not be reached: {type(e).__name__}") from e
    if not 200 <= response.status_code < 300:
        raise NotDeliveredError(f"{url} answered {response.status_code}: {response.text[:200]}")
    answer: dict[str, Any] = response.json()
    return answer


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def send(
    ctx: typer.Context,
    payloads: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|SAMPLE",
            help=f"Payload files, or samples ({', '.join(SAMPLES)}), sent in this order.",
        ),
    ],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change a member, such as id=7 or branch=main. Can be repeated.",
        ),
    ] = None,
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

    Each is signed with the stack's signing secret, as Paradime would sign it. A sample is a
    payload such as Paradime sends. The value of --set is JSON or else text.

    Examples:
    $ bolt-archive send run_failed --set branch=main --set id=70001
    $ bolt-archive send events/run_completed.json
    $ bolt-archive send my.json --local --api-url http://127.0.0.1:8484/api/v1/any/graphql
    """
    bodies = {name: changed(read_payload(name), changes or []) for name in payloads}
    target = find_target(ctx)
    secret = read_secret(target, target.webhook_secret)
    answers = []
    try:
        for name in payloads:
            body = bodies[name]
            with working(f"delivering {Path(name).name}"):
                answer = deliver(
                    url or target.webhook_url,
                    secret,
                    with_api_url(body, api_url) if api_url else body,
                )
            answers.append({"file": name} | answer)
            if not as_json:
                run = f", run {answer['run']}" if answer["run"] else ""
                say(f"{Path(name).name}: {answer['status']}{run}")
    finally:
        if as_json:
            print_json(answers)
    if all(answer["status"] == "quarantined" for answer in answers):
        raise NotDeliveredError(
            "nothing was recorded: every delivery was quarantined; "
            "`bolt-archive quarantine list` says why"
        )
