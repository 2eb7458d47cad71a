"""What may be done to the API secret: each a function from its stored JSON to new JSON."""

import json
from typing import Any

from cli.terminal.errors import SecretFormError
from functions.paradime.credentials import TOKEN_PREFIXES, parse_api_secret
from functions.shared.errors import CredentialsMissingError


def is_token(typed: str) -> bool:
    """A bearer token, and not the key of a key pair."""
    return typed.startswith(TOKEN_PREFIXES)


def read(stored: str) -> dict[str, Any]:
    """The secret's JSON; empty where it is malformed, and so of no use to anybody."""
    try:
        parse_api_secret(stored)
    except CredentialsMissingError:
        return {"workspaces": {}}
    value: dict[str, Any] = {"workspaces": {}} | json.loads(stored)
    return value


def stored_for(stored: str, workspace: str | None, credentials: dict[str, str]) -> str:
    """With these credentials as a workspace's own, or as everybody's where it is None.

    Raises:
        SecretFormError: they are no credentials.
    """
    value = read(stored)
    if workspace is None:
        value |= {"default": credentials}
    else:
        # An address that somebody entered for it stays.
        address = {
            k: v for k, v in value["workspaces"].get(workspace, {}).items() if k == "api_url"
        }
        value["workspaces"] |= {workspace: address | credentials}
    text = json.dumps(value)
    try:
        parse_api_secret(text)
    except CredentialsMissingError:
        raise SecretFormError(
            "not stored: credentials are an API key and its secret, or a token that starts with "
            f"{' or '.join(TOKEN_PREFIXES)}, without spaces or characters beyond ASCII; "
            "a workspace's uid is letters, digits, - and _"
        ) from None
    return text


def removed(stored: str, workspace: str) -> str:
    """Without a workspace's own credentials: those of everybody are then used for it.

    Raises:
        SecretFormError: it has none.
    """
    value = read(stored)
    if workspace not in value["workspaces"]:
        there = ", ".join(value["workspaces"]) or "none"
        raise SecretFormError(f"workspace {workspace} has no credentials of its own; have: {there}")
    del value["workspaces"][workspace]
    return json.dumps(value)
