"""A run's commands on one time scale."""

from datetime import datetime

from msgspec import Struct

from functions.run.event import Command, RunEvent
from functions.run.plan import unique_commands

WIDTH = 1000
# The narrowest bar that can be seen; anything longer is drawn to scale.
MIN_WIDTH = 3


class Bar(Struct, frozen=True):
    """A command's place on a scale that is `WIDTH` wide."""

    x: int
    width: int


class Scale(Struct, frozen=True):
    start: datetime
    end: datetime

    def bar(self, command: Command) -> Bar | None:
        """None for a command whose start or end is unknown."""
        if command.start_dttm is None or command.end_dttm is None or self.end <= self.start:
            return None
        x = min(self._at(command.start_dttm), WIDTH - MIN_WIDTH)
        return Bar(x, max(self._at(command.end_dttm) - x, MIN_WIDTH))

    def _at(self, instant: datetime) -> int:
        part = (instant - self.start) / (self.end - self.start)
        return round(min(max(part, 0.0), 1.0) * WIDTH)


def scale(event: RunEvent) -> Scale:
    """From the run's start to the last known end."""
    ends = [command.end_dttm for command in unique_commands(event) if command.end_dttm]
    return Scale(event.start_dttm, max([event.end_dttm or event.start_dttm, *ends]))
