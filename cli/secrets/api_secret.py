"""Changes to the API secret, each a function from the stored JSON to the new JSON.

Each changes one member and keeps all others, also those that are malformed.
"""

import json
from collections.abc import Iterable
from typing import Any

from cli.secrets.stored import members
from cli.terminal.errors import SecretFormError, TypedSecretError
from functions.paradime.credentials import TOKEN_PREFIXES, parse_api_secret
from functions.shared.errors import CredentialsMissingError

NAME = "API secret"


def is_token(typed: str) -> bool:
    """Whether this is a bearer token rather than the key of a key pair."""
    return typed.startswith(TOKEN_PREFIXES)


def default_workspaces(stored: str) -> list[str] | None:
    """The workspaces that the default credentials name; None if they have no such list.

    The list is empty if there are no default credentials.

    Raises:
        SecretFormError: The stored secret is malformed. So do all functions here.
    """
    default = members(stored, NAME).get("default")
    if default is None:
        return []
    named = default.get("workspaces") if isinstance(default, dict) else None
    return [str(uid) for uid in named] if isinstance(named, list) else None


def own_workspaces(stored: str) -> list[str]:
    """The workspaces with credentials of their own."""
    return sorted(_own(members(stored, NAME)))


def with_own(stored: str, workspace: str, credentials: dict[str, str]) -> str:
    """Stores a workspace's own credentials. An address that was entered for it is kept."""
    value = members(stored, NAME)
    own = _own(value)
    _check_typed({"workspaces": {workspace: credentials}})
    kept = _kept(own.get(workspace), "api_url")
    return _checked(value | {"workspaces": own | {workspace: kept | credentials}})


def with_default(
    stored: str, credentials: dict[str, str] | None, serves: Iterable[str] | None
) -> str:
    """Stores the default credentials, the workspaces that they serve, or both; None keeps them."""
    value = members(stored, NAME)
    former = value.get("default") or {}
    if credentials is None:
        if not former:
            raise SecretFormError("no default credentials are stored yet: enter a key or a token")
        default = dict(_dict(former, "default"))
    else:
        _check_typed({"default": credentials})
        default = _kept(former, "workspaces") | credentials
    if serves is not None:
        default["workspaces"] = sorted(set(serves))
        _check_typed({"default": {"token": "prdm_wsp_any", "workspaces": default["workspaces"]}})
    return _checked(value | {"default": default})


def removed(stored: str, workspace: str) -> str:
    """Removes a workspace's own credentials or, if it has none, its uid from the default's.

    Default credentials that would name nobody any more are removed.
    """
    value = members(stored, NAME)
    own, named = _own(value), default_workspaces(stored)
    if workspace in own:
        value["workspaces"] = {uid: given for uid, given in own.items() if uid != workspace}
    elif named == [workspace]:
        del value["default"]
    elif named and workspace in named:
        value["default"] |= {"workspaces": [uid for uid in named if uid != workspace]}
    else:
        others = ", ".join(sorted({*own, *(named or ())})) or "none"
        raise SecretFormError(
            f"no credentials are stored for workspace {workspace}, only for: {others}"
        )
    return json.dumps(value)


def _own(value: dict[str, Any]) -> dict[str, Any]:
    return _dict(value.get("workspaces", {}), "workspaces")


def _kept(former: object, name: str) -> dict[str, Any]:
    """The one member of what is replaced that stays."""
    if not isinstance(former, dict):
        return {}
    return {member: value for member, value in former.items() if member == name}


def _dict(value: object, member: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _malformed(f"the {NAME} is malformed; wrong in: {member}")
    return value


def _check_typed(value: dict[str, Any]) -> None:
    try:
        parse_api_secret(json.dumps(value))
    except CredentialsMissingError:
        raise TypedSecretError(
            "not stored: enter an API key and its secret, or a token that starts with "
            f"{' or '.join(TOKEN_PREFIXES)}, in ASCII without spaces; a workspace uid has only "
            "letters, digits, - and _"
        ) from None


def _checked(value: dict[str, Any]) -> str:
    text = json.dumps(value)
    try:
        parse_api_secret(text)
    except CredentialsMissingError as e:
        raise _malformed(str(e)) from None
    return text


def _malformed(what: str) -> SecretFormError:
    return SecretFormError(f"nothing was changed: {what}. Fix that first, in Secrets Manager")
