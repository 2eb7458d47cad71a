"""A record without what the time of a receipt or of a fetch decides."""

from typing import Any

TIMES = frozenset({"first_received_at", "last_received_at", "archived_at", "expires_at"})


def timeless(record: dict[str, Any] | None) -> dict[str, Any]:
    assert record is not None
    return {name: value for name, value in record.items() if name not in TIMES}
