"""Which nodes a later command of the run brought to success."""

from collections import defaultdict
from collections.abc import Collection, Iterable


class Healing:
    """Asked for one command after the other, by their places in the run.

    Only a command that comes later heals: of the results of one command it is not known in which
    order they were made.
    """

    def __init__(self) -> None:
        self._place = 0
        self._watched: set[str] = set()
        self._coming: set[str] = set()
        self._places: dict[str, list[int]] = defaultdict(list)

    @property
    def watched(self) -> Collection[str]:
        """The nodes that earlier commands left broken or skipped."""
        return self._watched

    def begin(self, place: int) -> None:
        self._place = place
        self._watched |= self._coming
        self._coming = set()

    def watch(self, unique_ids: Iterable[str]) -> None:
        self._coming.update(unique_ids)

    def heal(self, unique_ids: Iterable[str]) -> None:
        for unique_id in unique_ids:
            self._places[unique_id].append(self._place)

    def of(self, unique_id: str, place: int) -> int | None:
        """The place of the command that healed a node, which one at `place` had left broken."""
        return next((later for later in self._places.get(unique_id, ()) if later > place), None)
