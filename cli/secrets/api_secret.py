"""Changes to the API secret, each a function from the stored JSON to the new JSON."""

import json
from typing import Any

from cli.terminal.errors import SecretFormError
from functions.paradime.credentials import TOKEN_PREFIXES, parse_api_secret
from functions.shared.errors import CredentialsMissingError


def is_token(typed: str) -> bool:
    """Whether this is a bearer token rather than the key of a key pair."""
    return typed.startswith(TOKEN_PREFIXES)


def read(stored: str) -> dict[str, Any]:
    """The secret's JSON; empty if it is malformed and therefore useless."""
    try:
        parse_api_secret(stored)
    except CredentialsMissingError:
        return {"workspaces": {}}
    value: dict[str, Any] = {"workspaces": {}} | json.loads(stored)
    return value


def added(stored: str, workspace: str | None, credentials: dict[str, str]) -> str:
    """Stores credentials for one workspace, or the default ones if `workspace` is None.

    Raises:
        SecretFormError: The credentials are malformed.
    """
    value = read(stored)
    if workspace is None:
        value |= {"default": credentials}
    else:
        # Keep an address that was entered for it.
        address = {
            k: v for k, v in value["workspaces"].get(workspace, {}).items() if k == "api_url"
        }
        value["workspaces"] |= {workspace: address | credentials}
    text = json.dumps(value)
    try:
        parse_api_secret(text)
    except CredentialsMissingError:
        raise SecretFormError(
            "not stored: enter an API key and its secret, or a token that starts with "
            f"{' or '.join(TOKEN_PREFIXES)}, in ASCII without spaces; a workspace uid has only "
            "letters, digits, - and _"
        ) from None
    return text


def removed(stored: str, workspace: str) -> str:
    """Removes a workspace's own credentials, so that it uses the default ones.

    Raises:
        SecretFormError: It has none.
    """
    value = read(stored)
    if workspace not in value["workspaces"]:
        others = ", ".join(value["workspaces"]) or "none"
        raise SecretFormError(
            f"workspace {workspace} has no credentials of its own; workspaces that do: {others}"
        )
    del value["workspaces"][workspace]
    return json.dumps(value)
