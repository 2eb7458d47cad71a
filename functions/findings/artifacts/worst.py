"""All items are counted, and the first of the worst are kept."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Worst(Generic[_Item]):
    """Items in order of their severity, 0 being the worst, and then of their arrival."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_severity: dict[int, list[_Item]] = {}
        self._kept = 0
        self.count = 0

    def add(self, severity: int, make: Callable[[], _Item]) -> None:
        """Counts an item, which is made only if it is kept."""
        self.count += 1
        if self._kept < self._most:
            self._kept += 1
        else:
            mildest = max(self._by_severity)
            if severity >= mildest:
                return
            self._by_severity[mildest].pop()
            if not self._by_severity[mildest]:
                del self._by_severity[mildest]
        self._by_severity.setdefault(severity, []).append(make())

    def pass_over(self, number: int) -> None:
        """Counts items that are not kept."""
        self.count += number

    def __iter__(self) -> Iterator[_Item]:
        for severity in sorted(self._by_severity):
            yield from self._by_severity[severity]

    def __len__(self) -> int:
        return self._kept
