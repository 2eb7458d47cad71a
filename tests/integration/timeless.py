"""A record, or a schedule's state, without what the time of a receipt or of a fetch decides."""

from typing import Any

TIMES = frozenset({"first_received_at", "last_received_at", "archived_at", "expires_at"})


def timeless(record: dict[str, Any] | None) -> dict[str, Any]:
    assert record is not None
    return {name: value for name, value in record.items() if name not in TIMES}


def timeless_state(state: dict[str, Any]) -> dict[str, Any]:
    """How often it was written depends on what came in between, and so does what was announced."""
    apart = TIMES | {"version", "told"}
    return {name: value for name, value in state.items() if name not in apart}
