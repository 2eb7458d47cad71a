"""The requests that the stand-in answered, for tests to count. No credentials, no links."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class LoggedRequest:
    """`operations` are `api:<field>:<id>`, one per field in the query, or `download:<resource id>`;
    just `api` where no query ran, `unknown` for any other path.

    `fault` is the kind of fault that hit it.
    """

    operations: tuple[str, ...]
    status: int
    fault: str | None


class RequestLog:
    """In the order of answering; a delayed or slow answer is logged when it starts."""

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
        """How many operations match, with `*` as a wildcard: `download:*`, `api:boltCommand:7`."""
        return sum(fnmatchcase(operation, pattern) for r in self for operation in r.operations)
