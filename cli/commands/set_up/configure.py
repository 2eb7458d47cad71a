"""`bolt-archive configure`: stores the signing secret and the API credentials."""

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.secrets import api_secret, webhook_secret
from cli.secrets.paradime import try_out
from cli.secrets.secrets_manager import read_secret, store_secret
from cli.stack.options import find_target
from cli.stack.target import Target
from cli.terminal.errors import TypedSecretError
from cli.terminal.input import ask_secret, leftovers_discarded
from cli.terminal.output import (
    AsJson,
    cell,
    listed,
    new_facts,
    print_json,
    print_tables,
    say,
    warn,
    working,
)
from functions.run.display import counted

_WEBHOOK, _API = "Signing secret", "API credentials"


class What(StrEnum):
    WEBHOOK = "webhook"
    API = "api"


class Scheme(StrEnum):
    STANDARD_WEBHOOKS = "standard-webhooks"
    HMAC_SHA256 = "hmac-sha256"
    TOKEN = "token"  # noqa: S105 (the name of a scheme)


class Encoding(StrEnum):
    HEX = "hex"
    BASE64 = "base64"


def configure(
    ctx: typer.Context,
    what: Annotated[
        What | None,
        typer.Argument(metavar="WHAT", help="`webhook` or `api`; both by default."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Show what is stored, without the secrets.")
    ] = False,
    remove: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Remove this signing secret (a fingerprint), or this workspace's credentials.",
        ),
    ] = None,
    add: Annotated[
        bool,
        typer.Option("--add", help="Keep the stored secrets valid too.", rich_help_panel=_WEBHOOK),
    ] = False,
    scheme: Annotated[
        Scheme | None,
        typer.Option(help="How deliveries are signed.", rich_help_panel=_WEBHOOK),
    ] = None,
    header: Annotated[
        str | None,
        typer.Option(
            help="Header with the signature or token (hmac-sha256, token).",
            rich_help_panel=_WEBHOOK,
        ),
    ] = None,
    encoding: Annotated[
        Encoding | None,
        typer.Option(help="Encoding of the signature (hmac-sha256).", rich_help_panel=_WEBHOOK),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(help="Text before the signature (hmac-sha256).", rich_help_panel=_WEBHOOK),
    ] = None,
    workspace: Annotated[
        list[str] | None,
        typer.Option(
            metavar="UID",
            help="Store the secret or key for this workspace only. Can be repeated.",
        ),
    ] = None,
    serves: Annotated[
        list[str] | None,
        typer.Option(
            metavar="UID",
            help="Let the default credentials serve this workspace. Repeat it to name them all.",
            rich_help_panel=_API,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check/--no-check",
            help="Try credentials on Paradime's API before they are stored.",
            rich_help_panel=_API,
        ),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Store the signing secret and the API credentials.

    Prompts for them without echo, or reads them from a pipe, one per line. An empty answer keeps
    what is stored; on a terminal, what cannot be stored is asked for again.

    To rotate the signing secret, `--add` the new one, and `--remove` the old one once Paradime no
    longer signs with it. API credentials are tried before they are stored, if the address of the
    workspace's API is known.

    API credentials are either for one workspace (`--workspace`), or default ones for those that you
    list (`--serves`). Default ones without a list serve the first workspace that delivers.

    Examples:
    $ bolt-archive configure
    $ bolt-archive configure webhook --add
    $ bolt-archive configure webhook --remove 5f2c9d01
    $ bolt-archive configure webhook --scheme token --header x-webhook-token
    $ bolt-archive configure api --workspace n0sg8br1m44k0ryj < token.txt
    $ bolt-archive configure api --serves n0sg8br1m44k0ryj --serves q3x0c9w2l5v7b1ma
    """
    given = {"header": header, "encoding": encoding, "prefix": prefix}
    scheme_fields = {name: str(value) for name, value in given.items() if value is not None}
    _check_use(what, remove, workspace, serves, scheme, scheme_fields, add=add)
    target = find_target(ctx)
    if show:
        pass
    elif remove is not None and what is What.WEBHOOK:
        store_secret(
            target,
            target.webhook_secret,
            webhook_secret.removed(read_secret(target, target.webhook_secret), remove),
        )
    elif remove is not None:
        store_secret(
            target,
            target.api_secret,
            api_secret.removed(read_secret(target, target.api_secret), remove),
        )
    else:
        with leftovers_discarded():
            if what is not What.API:
                chosen = None if scheme is None else {"scheme": str(scheme)} | scheme_fields
                _until_usable(lambda: _ask_webhook(target, chosen, workspace or [], add=add))
            if what is not What.WEBHOOK:
                _until_usable(lambda: _ask_api(target, workspace or [], serves, check=check))
    facts = _facts(target)
    if as_json:
        print_json(facts)
    else:
        sentences = {n.replace("_", " "): cell(_sentence(fact)) for n, fact in facts.items()}
        print_tables(new_facts(sentences))
        if not show:
            say("Takes effect within five minutes; a new signing secret is valid at once.")


def _check_use(
    what: What | None,
    remove: str | None,
    workspace: list[str] | None,
    serves: list[str] | None,
    scheme: Scheme | None,
    scheme_fields: dict[str, str],
    *,
    add: bool,
) -> None:
    """Raises:
    BadParameter: The options cannot be combined.
    """
    if remove is not None and what is None:
        raise typer.BadParameter("--remove needs WHAT: webhook or api")
    if what is What.API and (add or scheme or scheme_fields):
        raise typer.BadParameter(
            "--add, --scheme, --header, --encoding and --prefix are for `webhook` only"
        )
    if workspace and what is None:
        raise typer.BadParameter("--workspace needs WHAT: webhook or api")
    if serves and what is not What.API:
        raise typer.BadParameter("--serves is for `api` only")
    if serves and workspace:
        raise typer.BadParameter(
            "--serves is for the default credentials, so it cannot be combined with --workspace"
        )
    if add and scheme:
        raise typer.BadParameter(
            "--add keeps the stored scheme, so it cannot be combined with --scheme"
        )
    if scheme_fields and scheme is None:
        raise typer.BadParameter("--header, --encoding and --prefix need --scheme")


def _until_usable(ask: Callable[[], None]) -> None:
    """On a terminal, asks again for what cannot be stored; Ctrl-C ends it."""
    while True:
        try:
            return ask()
        except TypedSecretError as e:
            if not sys.stdin.isatty():
                raise
            warn(f"{e}. Try again, or press Ctrl-C to stop.")


def _ask_webhook(
    target: Target, scheme: dict[str, str] | None, workspaces: list[str], *, add: bool
) -> None:
    stored = read_secret(target, target.webhook_secret)
    known = "" if scheme else f" ({_count(stored)} stored)"
    typed = ask_secret(f"Signing secret of Paradime's webhook{known}")
    if not typed:
        return
    if scheme is not None:
        new = webhook_secret.with_scheme(scheme, typed, workspaces)
    elif add:
        new = webhook_secret.added(stored, typed, workspaces)
    else:
        new = webhook_secret.replaced(stored, typed, workspaces)
    store_secret(target, target.webhook_secret, new)


def _count(stored: str) -> str:
    return counted(len(webhook_secret.fingerprints(stored)), "signing secret")


def _ask_api(
    target: Target, workspaces: list[str], serves: list[str] | None, *, check: bool
) -> None:
    stored = read_secret(target, target.api_secret)
    named = workspaces or serves or api_secret.default_workspaces(stored)
    whose = f"workspace {', '.join(named)}" if named else "the first workspace that delivers"
    key = ask_secret(f"API key or token for {whose}")
    if not key and not serves:
        return
    credentials: dict[str, str] | None = None
    if key:
        credentials = (
            {"token": key}
            if api_secret.is_token(key)
            else {"api_key": key, "api_secret": ask_secret("API secret")}
        )
    new = stored
    if credentials is None or not workspaces:
        new = api_secret.with_default(stored, credentials, serves)
    else:
        for workspace in workspaces:
            new = api_secret.with_own(new, workspace, credentials)
    if check and credentials is not None:
        with working("trying the credentials"):
            untried = list(try_out(target, new, workspaces or api_secret.default_workspaces(new)))
        for why in untried:
            warn(why)
    store_secret(target, target.api_secret, new)


def _facts(target: Target) -> dict[str, Any]:
    webhook = read_secret(target, target.webhook_secret)
    api = read_secret(target, target.api_secret)
    signing, default = webhook_secret.fingerprints(webhook), api_secret.default_workspaces(api)
    return {
        "scheme": webhook_secret.scheme(webhook),
        "signing_secrets": list(signing),
        "signing_secrets_of_workspaces": {name: uids for name, uids in signing.items() if uids},
        "api_default": default != [],
        "api_default_workspaces": default,
        "api_workspaces": api_secret.own_workspaces(api),
    }


def _sentence(fact: Any) -> str:
    match fact:
        case list():
            return listed(fact)
        case dict():
            return "; ".join(f"{name}: {listed(uids)}" for name, uids in fact.items()) or "none"
        case bool():
            return "stored" if fact else "none"
        case None:
            return "none named: those known already, or the first that delivers"
        case _:
            return str(fact)
