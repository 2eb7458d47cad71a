"""Faults that a test injects: which operations they hit, how often, and what they do.

A fault is created in Python, `Status(on="api:boltCommand:193442", status=503, times=2)`, or sent as
JSON, `{"kind": "status", "on": "api:boltCommand:193442", "status": 503, "times": 2}`.

An operation is `api:<field>:<id>` or `download:<resource id>`. A request is hit by at most one
fault: the first, in the order in which they were added, that matches one of its operations. So two
faults on one operation strike one after the other when the first has `times`.
"""

import random
import threading
import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from local.standin.answer import Answer, of_bytes


class Fault(BaseModel):
    """When a fault strikes.

    `on`: operations, with `*` as a wildcard. `times`: how often, before it is removed (default: no
    limit). `until`: epoch seconds at which it ends (a resource that does not exist yet is a `NotOk`
    with an `until`). `rate`: the share of matching operations that it strikes, drawn with the seed
    of `Faults`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    possible_on: ClassVar[tuple[str, ...]] = ("*",)

    on: str = "*"
    times: int | None = Field(default=None, ge=1)
    until: float | None = None
    rate: float = Field(default=1, gt=0, le=1)

    def matches(self, operation: str, now: float) -> bool:
        return (
            fnmatchcase(operation, self.on)
            and any(fnmatchcase(operation, pattern) for pattern in self.possible_on)
            and (self.until is None or now < self.until)
        )


class GraphqlErrors(Fault):
    """`errors` in a 200."""

    kind: Literal["errors"] = "errors"
    possible_on: ClassVar = ("api:*",)
    message: str = "Internal server error"


class NotOk(Fault):
    """`ok: false` and nothing else."""

    kind: Literal["not_ok"] = "not_ok"
    possible_on: ClassVar = ("api:boltResourceUrl:*", "api:listBoltRuns:*")


class NullUrl(Fault):
    """`ok: true`, but no URL."""

    kind: Literal["null_url"] = "null_url"
    possible_on: ClassVar = ("api:boltResourceUrl:*",)


class ExpiredLink(Fault):
    """A link that has expired before it is received."""

    kind: Literal["expired_link"] = "expired_link"
    possible_on: ClassVar = ("api:boltResourceUrl:*",)


class AnswerFault(Fault, ABC):
    """A fault in the HTTP answer, whatever the request."""

    @abstractmethod
    def spoil(self, answer: Answer) -> Answer: ...


class Status(AnswerFault):
    """A different status, with its own headers (`Retry-After`, …) and body."""

    kind: Literal["status"] = "status"
    status: int = Field(ge=200, le=599)
    headers: dict[str, str] = {}
    body: str = ""

    def spoil(self, answer: Answer) -> Answer:
        plain = of_bytes(self.status, "text/plain; charset=utf-8", self.body.encode())
        return replace(plain, headers={**plain.headers, **self.headers})


class Redirect(AnswerFault):
    kind: Literal["redirect"] = "redirect"
    to: str
    status: int = Field(default=307, ge=300, le=399)

    def spoil(self, answer: Answer) -> Answer:
        return Answer(self.status, {"Location": self.to}, [], 0)


class Html(AnswerFault):
    """A web page with status 200, as a proxy or a login wall sends."""

    kind: Literal["html"] = "html"

    def spoil(self, answer: Answer) -> Answer:
        return of_bytes(
            200, "text/html; charset=utf-8", b"<!doctype html><title>Sign in</title><p>Sign in"
        )


class Delay(AnswerFault):
    """The right answer, `seconds` late."""

    kind: Literal["delay"] = "delay"
    seconds: float = Field(gt=0)

    def spoil(self, answer: Answer) -> Answer:
        return replace(answer, wait=self.seconds)


class Drip(AnswerFault):
    """The right answer without delay, its body in pieces of `size` bytes every `seconds`.

    A `status` takes the place of the right one.
    """

    kind: Literal["drip"] = "drip"
    size: int = Field(default=1, ge=1)
    seconds: float = Field(default=0.1, gt=0)
    status: int | None = Field(default=None, ge=200, le=599)

    def spoil(self, answer: Answer) -> Answer:
        return replace(
            answer,
            status=self.status or answer.status,
            body=_pieces(answer.body, self.size),
            pause=self.seconds,
        )


class Cut(AnswerFault):
    """The connection closes after `after` bytes of the body."""

    kind: Literal["cut"] = "cut"
    after: int = Field(ge=0)

    def spoil(self, answer: Answer) -> Answer:
        return replace(answer, body=_first(answer.body, self.after))


class WrongLength(AnswerFault):
    """A Content-Length that is off `by` this many bytes: too large if positive."""

    kind: Literal["wrong_length"] = "wrong_length"
    by: int

    def spoil(self, answer: Answer) -> Answer:
        return replace(answer, length=max(0, answer.length + self.by))


class Gzip(AnswerFault):
    """Content-Encoding: gzip, requested or not. The compressed body is held in memory.

    It and its Content-Length are `cut` bytes too short.
    """

    kind: Literal["gzip"] = "gzip"
    cut: int = Field(default=0, ge=0)

    def spoil(self, answer: Answer) -> Answer:
        packer = zlib.compressobj(wbits=31)  # 31 selects the gzip format
        packed = b"".join([*map(packer.compress, answer.body), packer.flush()])
        packed = packed[: len(packed) - self.cut]
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        return replace(answer, headers=headers, body=[packed], length=len(packed))


AnyFault = Annotated[
    GraphqlErrors
    | NotOk
    | NullUrl
    | ExpiredLink
    | Status
    | Redirect
    | Html
    | Delay
    | Drip
    | Cut
    | WrongLength
    | Gzip,
    Field(discriminator="kind"),
]
FAULT: TypeAdapter[AnyFault] = TypeAdapter(AnyFault)


@dataclass
class _Active:
    fault: AnyFault
    left: int | None


class Faults:
    """The active faults; safe to use from several threads."""

    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311  not a secret
        self._active: list[_Active] = []

    def add(self, *faults: AnyFault) -> None:
        with self._lock:
            self._active += [_Active(fault, fault.times) for fault in faults]

    def clear(self) -> None:
        with self._lock:
            self._active.clear()

    def take(self, operation: str) -> AnyFault | None:
        """The fault that strikes the operation this time; counts as one use."""
        now = time.time()
        with self._lock:
            for active in self._active:
                fault = active.fault
                if not fault.matches(operation, now) or self._random.random() >= fault.rate:
                    continue
                if active.left is not None:
                    active.left -= 1
                    if active.left == 0:
                        self._active.remove(active)
                return fault
        return None


def _pieces(body: Iterable[bytes], size: int) -> Iterator[bytes]:
    for chunk in body:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def _first(body: Iterable[bytes], size: int) -> Iterator[bytes]:
    for chunk in body:
        yield chunk[:size]
        size -= len(chunk)
        if size <= 0:
            return
