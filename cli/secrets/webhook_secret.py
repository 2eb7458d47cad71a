"""Changes to the webhook secret, each a function from the stored JSON to the new JSON.

A signing secret is named by its fingerprint, which does not reveal it.
"""

import json
from hashlib import sha256
from typing import Any

from cli.terminal.errors import SecretFormError
from functions.ingest.signature import check_secret
from functions.shared.errors import NotUnderstoodError

FRESH: dict[str, Any] = {"scheme": "standard-webhooks", "secrets": []}


def read(stored: str) -> dict[str, Any]:
    """The secret's JSON; the one that is deployed at first if it is malformed."""
    try:
        value = json.loads(stored)
    except ValueError:
        return FRESH
    usable = isinstance(value, dict) and isinstance(value.get("secrets"), list)
    return value if usable else FRESH


def fingerprint(signing_secret: object) -> str:
    return sha256(str(signing_secret).encode()).hexdigest()[:8]


def replaced(stored: str, signing_secret: str) -> str:
    """Replaces all signing secrets with this one, in the stored scheme.

    Raises:
        SecretFormError: It is not a signing secret of that scheme. So do all functions here.
    """
    return _checked(read(stored) | {"secrets": [signing_secret]})


def with_scheme(scheme: dict[str, str], signing_secret: str) -> str:
    """Replaces the scheme, `{"scheme", …}`, and all signing secrets."""
    return _checked(scheme | {"secrets": [signing_secret]})


def added(stored: str, signing_secret: str) -> str:
    """Adds a signing secret; the others stay valid."""
    value = read(stored)
    others = [secret for secret in value["secrets"] if secret != signing_secret]
    return _checked(value | {"secrets": [*others, signing_secret]})


def removed(stored: str, name: str) -> str:
    """Removes the signing secret with this fingerprint."""
    value = read(stored)
    kept = [secret for secret in value["secrets"] if fingerprint(secret) != name]
    if len(kept) == len(value["secrets"]):
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


def _checked(value: dict[str, Any]) -> str:
    text = json.dumps(value)
    try:
        check_secret(text)
    except NotUnderstoodError as e:
        raise SecretFormError(f"not stored: {e}") from None
    return text
