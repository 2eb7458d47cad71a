"""What fits into the room that there is."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")


def that_fit(items: Iterable[_Item], room: int, size: Callable[[_Item], int]) -> Iterator[_Item]:
    """The first items that fit together; what comes after one that does not is not made."""
    for item in items:
        room -= size(item)
        if room < 0:
            return
        yield item
