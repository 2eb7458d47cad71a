"""Changes to the webhook secret, each a function from the stored JSON to the new JSON.

A signing secret is named by its fingerprint, which does not reveal it.
"""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from cli.secrets.stored import members
from cli.terminal.errors import SecretFormError, TypedSecretError
from functions.ingest.signature import check_secret
from functions.shared.errors import NotUnderstoodError

NAME = "webhook secret"
_SCHEME = {"scheme": "standard-webhooks"}


def scheme(stored: str) -> str:
    """
    Raises:
        SecretFormError: The stored secret is malformed. So do all functions here.
    """
    return str((_SCHEME | members(stored, NAME))["scheme"])


def fingerprints(stored: str) -> dict[str, list[str] | None]:
    """The stored signing secrets with the workspaces that they speak for; None is for all."""
    return {fingerprint(entry): _workspaces(entry) for entry in _entries(members(stored, NAME))}


def fingerprint(entry: object) -> str:
    return sha256(str(_secret(entry)).encode()).hexdigest()[:8]


def replaced(stored: str, signing_secret: str, workspaces: Iterable[str] = ()) -> str:
    """Replaces all signing secrets with this one, in the stored scheme."""
    entry = _entry(signing_secret, workspaces)
    return _checked(_SCHEME | members(stored, NAME) | {"secrets": [entry]})


def with_scheme(fields: dict[str, str], signing_secret: str, workspaces: Iterable[str] = ()) -> str:
    """Replaces the scheme, `{"scheme", …}`, and all signing secrets."""
    return _checked(fields | {"secrets": [_entry(signing_secret, workspaces)]})


def added(stored: str, signing_secret: str, workspaces: Iterable[str] = ()) -> str:
    """Adds a signing secret; the others stay valid."""
    value = _SCHEME | members(stored, NAME)
    others = [entry for entry in _entries(value) if _secret(entry) != signing_secret]
    if others:
        _check_stored(value | {"secrets": others})
    return _checked(value | {"secrets": [*others, _entry(signing_secret, workspaces)]})


def removed(stored: str, name: str) -> str:
    """Removes the signing secret with this fingerprint."""
    value = _SCHEME | members(stored, NAME)
    entries = _entries(value)
    kept = [entry for entry in entries if fingerprint(entry) != name]
    if len(kept) == len(entries):
        stored_ones = ", ".join(map(fingerprint, kept)) or "none"
        raise SecretFormError(
            f"no signing secret has the fingerprint {name}; stored: {stored_ones}"
        )
    if not kept:
        raise SecretFormError(
            f"{name} is the only signing secret, and without one every delivery is rejected; "
            "add the new one first"
        )
    return _checked(value | {"secrets": kept})


def _entries(value: dict[str, Any]) -> list[object]:
    entries = value.get("secrets", [])
    if not isinstance(entries, list):
        raise _malformed("secrets: expected a list")
    return entries


def _entry(signing_secret: str, workspaces: Iterable[str]) -> object:
    named = sorted(set(workspaces))
    return {"secret": signing_secret, "workspaces": named} if named else signing_secret


def _secret(entry: object) -> object:
    return entry.get("secret") if isinstance(entry, dict) else entry


def _workspaces(entry: object) -> list[str] | None:
    named = entry.get("workspaces") if isinstance(entry, dict) else None
    return list(map(str, named)) if isinstance(named, Sequence) else None


def _check_stored(value: dict[str, Any]) -> None:
    try:
        check_secret(json.dumps(value))
    except NotUnderstoodError as e:
        raise _malformed(str(e)) from None


def _checked(value: dict[str, Any]) -> str:
    text = json.dumps(value)
    try:
        check_secret(text)
    except NotUnderstoodError as e:
        raise TypedSecretError(f"not stored: {e}") from None
    return text


def _malformed(what: str) -> SecretFormError:
    return SecretFormError(
        f"nothing was changed: the {NAME} is malformed; {what}. Fix that first, in Secrets "
        "Manager, or replace it as a whole with --scheme"
    )
