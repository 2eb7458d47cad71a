"""What a secret holds now, for whoever is about to change a part of it."""

import json
from typing import Any

from cli.terminal.errors import SecretFormError


def members(stored: str, name: str) -> dict[str, Any]:
    """The members of a secret's JSON; none if it is blank.

    Raises:
        SecretFormError: It holds something else, which a change would lose.
    """
    if not stored.strip():
        return {}
    try:
        value = json.loads(stored)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise SecretFormError(
            f"nothing was changed: the {name} that is stored is not a JSON object. Fix that "
            "first, in Secrets Manager"
        )
    return value
