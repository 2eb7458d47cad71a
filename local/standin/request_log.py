"""What was asked of the stand-in, so that a test can count it. No credentials, no links."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class LoggedRequest:
    """`operations` are `api:<field>:<id>`, one for each field that the query asks, or
    `download:<resource id>`; `api` alone where no query ran, `unknown` for any other path.

    `fault` is the kind of the fault that befell it.
    """

    operations: tuple[str, ...]
    status: int
    fault: str | None


class RequestLog:
    """In the order of answering; an answer that is delayed or dripping is here from its start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[LoggedRequest] = []

    def add(self, request: LoggedRequest) -> None:
        with self._lock:
            self._requests.append(request)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()

    def __iter__(self) -> Iterator[LoggedRequest]:
        with self._lock:
            return iter(self._requests.copy())

    def count(self, pattern: str) -> int:
        """How many operations fit, with `*` for any text: `download:*`, `api:boltCommand:7`."""
        return sum(fnmatchcase(operation, pattern) for r in self for operation in r.operations)
