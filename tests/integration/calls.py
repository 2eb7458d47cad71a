"""Every call that leaves the process, found where it leaves and not by a list of them.

AWS calls pass through botocore's endpoint, all others through requests' adapter. What the
handlers call is watched; what a test or the stand-in does is not.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from botocore.endpoint import Endpoint
from requests.adapters import HTTPAdapter

from functions.fetch import handler as fetch
from functions.ingest import handler as ingest


@dataclass(frozen=True, slots=True)
class Call:
    """The `nth` of otherwise equal calls; threads may change their order, not their number."""

    function: str
    service: str
    operation: str
    subject: str
    nth: int

    def __str__(self) -> str:
        return f"{self.function}: {self.service} {self.operation} {self.subject} ({self.nth})"


class Hook(Protocol):
    def call(self, call: Call, make: Callable[[], Any]) -> Any:
        """Stands in the place of a call that `make` makes; may be called by several threads."""

    def ended(self) -> None:
        """A handler has ended; what this raises is heard in the place of its answer."""


@dataclass
class Watch:
    """Hands every call of a handler to the hook while `watching` is entered."""

    hook: Hook
    _function: str | None = None
    _counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def watching(self) -> Iterator[None]:
        # The innermost step of botocore, at which it makes one attempt of a call.
        send_to_aws: Any = vars(Endpoint)["_do_get_response"]
        send = HTTPAdapter.send

        def aws(endpoint: Any, request: Any, model: Any, context: Any) -> Any:
            service = model.service_model.service_id
            return self._call(
                (service, model.name, _subject(request.url)),
                lambda: send_to_aws(endpoint, request, model, context),
            )

        def http(adapter: Any, request: Any, *options: Any, **more: Any) -> Any:
            return self._call(
                ("Paradime", request.method, _subject(request.url) + _variables(request.body)),
                lambda: send(adapter, request, *options, **more),
            )

        with ExitStack() as patches:
            patches.enter_context(patch.object(Endpoint, "_do_get_response", aws))
            patches.enter_context(patch.object(HTTPAdapter, "send", http))
            for name, module in {"ingest": ingest, "fetch": fetch}.items():
                handler = self._watched(name, module.handler)
                patches.enter_context(patch.object(module, "handler", handler))
            yield

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """For a hook that does more than to make its call."""
        function, self._function = self._function, None
        try:
            yield
        finally:
            self._function = function

    def _watched(self, name: str, handler: Callable[..., Any]) -> Callable[..., Any]:
        def watched(event: Any, context: Any) -> Any:
            self._function = name
            try:
                return handler(event, context)
            finally:
                self._function = None
                self.hook.ended()

        return watched

    def _call(self, what: tuple[str, str, str], make: Callable[[], Any]) -> Any:
        if self._function is None:
            return make()
        with self._lock:
            self._counts[self._function, *what] += 1
            call = Call(self._function, *what, nth=self._counts[self._function, *what])
        return self.hook.call(call, make)


def _subject(url: str) -> str:
    """The path, and of the query only what is the same each time."""
    parts = urlsplit(url)
    number = parse_qs(parts.query).get("partNumber")
    return parts.path + (f" part {number[0]}" if number else "")


def _variables(body: bytes | None) -> str:
    return f" {json.loads(body)['variables']}" if body else ""
