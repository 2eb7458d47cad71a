"""One line of the table that `make bench` prints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`value` and `goal` are in the same unit; `at_least` says which side of the goal is good."""

    what: str
    ours: str
    floor: str
    value: float
    goal: float
    unit: str = "×"
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal
