"""Faults that a test orders: which operation they befall, how often, and what they do to it.

A fault is made in Python, `Status(on="api:boltCommand:193442", status=503, times=2)`, or sent as
JSON, `{"kind": "status", "on": "api:boltCommand:193442", "status": 503, "times": 2}`.

An operation is `api:<field>:<id>` or `download:<resource id>`. A request meets at most one fault:
the first one, in the order in which they were added, that fits one of its operations. Two faults
on one operation are therefore a sequence when the first has `times`.
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

    `on`: operations, with `*` for any text. `times`: how often, then it is gone (default: always).
    `until`: epoch seconds, after which it is gone (a resource that is not there yet is a `NotOk`
    until then). `rate`: the share of the operations that it strikes, by the seed of `Faults`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    possible_on: ClassVar[tuple[str, ...]] = ("*",)

    on: str = "*"
    times: int | None = Field(default=None, ge=1)
    until: float | None = None
    rate: float = Field(default=1, gt=0, le=1)

    def fits(self, operation: str, now: float) -> bool:
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
    """`ok: false`, with nothing beside it."""

    kind: Literal["not_ok"] = "not_ok"
    possible_on: ClassVar = ("api:boltResourceUrl:*", "api:listBoltRuns:*")


class NullUrl(Fault):
    """`ok: true`, and yet no URL."""

    kind: Literal["null_url"] = "null_url"
    possible_on: ClassVar = ("api:boltResourceUrl:*",)


class ExpiredLink(Fault):
    """A link that has expired by the time it arrives."""

    kind: Literal["expired_link"] = "expired_link"
    possible_on: ClassVar = ("api:boltResourceUrl:*",)


class AnswerFault(Fault, ABC):
    """A fault of the HTTP answer, whatever was asked."""

    @abstractmethod
    def spoil(self, answer: Answer) -> Answer: ...


class Status(AnswerFault):
    """Another status, with headers of its own (`Retry-After`, …) and a body."""

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
    """A page for people, as a proxy or a login wall gives it, with status 200."""

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
    """The right answer at once, its body in drops of `size` bytes every `seconds`."""

    kind: Literal["drip"] = "drip"
    size: int = Field(default=1, ge=1)
    seconds: float = Field(default=0.1, gt=0)

    def spoil(self, answer: Answer) -> Answer:
        return replace(answer, body=_drops(answer.body, self.size), pause=self.seconds)


class Cut(AnswerFault):
    """The connection ends after `after` bytes of the body."""

    kind: Literal["cut"] = "cut"
    after: int = Field(ge=0)

    def spoil(self, answer: Answer) -> Answer:
        return replace(answer, body=_first(answer.body, self.after))


class WrongLength(AnswerFault):
    """A Content-Length that is wrong `by` so many bytes: positive too long, negative too short."""

    kind: Literal["wrong_length"] = "wrong_length"
    by: int

    def spoil(self, answer: Answer) -> Answer:
        return replace(answer, length=max(0, answer.length + self.by))


class Gzip(AnswerFault):
    """Content-Encoding: gzip, asked for or not. The packed body is held in memory.

    `cut` is by how many bytes it is too short, and the announced length with it.
    """

    kind: Literal["gzip"] = "gzip"
    cut: int = Field(default=0, ge=0)

    def spoil(self, answer: Answer) -> Answer:
        packer = zlib.compressobj(wbits=31)  # 31 is zlib's word for gzip's format
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
class _Ordered:
    fault: AnyFault
    left: int | None


class Faults:
    """The faults that are ordered now; several threads may ask."""

    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311  not a secret
        self._ordered: list[_Ordered] = []

    def add(self, *faults: AnyFault) -> None:
        with self._lock:
            self._ordered += [_Ordered(fault, fault.times) for fault in faults]

    def clear(self) -> None:
        with self._lock:
            self._ordered.clear()

    def take(self, operation: str) -> AnyFault | None:
        """The fault that befalls the operation this time, counted as used."""
        now = time.time()
        with self._lock:
            for ordered in self._ordered:
                fault = ordered.fault
                if not fault.fits(operation, now) or self._random.random() >= fault.rate:
                    continue
                if ordered.left is not None:
                    ordered.left -= 1
                    if ordered.left == 0:
                        self._ordered.remove(ordered)
                return fault
        return None


def _drops(body: Iterable[bytes], size: int) -> Iterator[bytes]:
    for chunk in body:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def _first(body: Iterable[bytes], size: int) -> Iterator[bytes]:
    for chunk in body:
        yield chunk[:size]
        size -= len(chunk)
        if size <= 0:
            return
