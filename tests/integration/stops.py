"""A process that stops at one of its calls."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from requests import Response

from tests.integration.calls import Call

Side = Literal["before", "after"]
SIDES: tuple[Side, ...] = ("before", "after")


class ProcessStopped(Exception):  # noqa: N818 (no error: what happens to a process)
    """The process is no more.

    Libraries that wait for a thread of theirs would wait for ever after a BaseException; what
    they and the handlers still do after this one does not matter, since no call gets out.
    """


@dataclass
class StopAt:
    """Stops the process at one call; without one, only notes the calls."""

    at: Call | None = None
    side: Side = "before"
    seen: list[Call] = field(default_factory=list)
    happened: bool = False
    _gone: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, call: Call, make: Callable[[], Any]) -> Any:
        self._come(call, "before")
        answer = make()
        try:
            self._come(call, "after")
        except ProcessStopped:
            if isinstance(answer, Response):
                answer.close()  # as the system does for a process that is no more
            raise
        return answer

    def ended(self) -> None:
        if self._gone:
            self._gone = False
            raise ProcessStopped

    def _come(self, call: Call, side: Side) -> None:
        with self._lock:
            if side == "before" and not self._gone:
                self.seen.append(call)
            if (call, side) == (self.at, self.side) and not self.happened:
                self.happened = self._gone = True
            if self._gone:
                raise ProcessStopped
