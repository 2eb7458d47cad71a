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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar

from msgspec import Meta, Struct
from msgspec.json import Decoder

from local.standin.answer import Answer, of_bytes

_Positive = Annotated[int, Meta(ge=1)]
_NotNegative = Annotated[int, Meta(ge=0)]
_Seconds = Annotated[float, Meta(gt=0)]


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """When a fault strikes.

    `on`: operations, with `*` as a wildcard. `times`: how often, before it is removed (default: no
    limit). `until`: epoch seconds at which it ends (a resource that does not exist yet is a `NotOk`
    with an `until`). `rate`: the share of matching operations that it strikes, drawn with the seed
    of `Faults`.
    """

    possible_on: ClassVar[tuple[str, ...]] = ("*",)

    on: str = "*"
    times: _Positive | None = None
    until: float | None = None
    rate: Annotated[float, Meta(gt=0, le=1)] = 1

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)

    def matches(self, operation: str, now: float) -> bool:
        return (
            fnmatchcase(operation, self.on)
            and any(fnmatchcase(operation, pattern) for pattern in self.possible_on)
            and (self.until is None or now < self.until)
        )


class GraphqlErrors(Fault, frozen=True, kw_only=True, tag="errors"):
    """`errors` in a 200."""

    possible_on: ClassVar = ("api:*",)
    message: str = "Internal server error"


class NotOk(Fault, frozen=True, kw_only=True, tag="not_ok"):
    """`ok: false` and nothing else."""

    possible_on: ClassVar = ("api:boltResourceUrl:*", "api:listBoltRuns:*")


class NullUrl(Fault, frozen=True, kw_only=True, tag="null_url"):
    """`ok: true`, but no URL."""

    possible_on: ClassVar = ("api:boltResourceUrl:*",)


class ExpiredLink(Fault, frozen=True, kw_only=True, tag="expired_link"):
    """A link that has expired before it is received."""

    possible_on: ClassVar = ("api:boltResourceUrl:*",)


class AnswerFault(Fault, frozen=True, kw_only=True):
    """A fault in the HTTP answer, whatever the request."""

    def spoil(self, answer: Answer) -> Answer:
        raise NotImplementedError


class Status(AnswerFault, frozen=True, kw_only=True, tag="status"):
    """A different status, with its own headers (`Retry-After`, …) and body."""

    status: Annotated[int, Meta(ge=200, le=599)]
    headers: dict[str, str] = {}
    body: str = ""

    def spoil(self, answer: Answer) -> Answer:
        plain = of_bytes(self.status, "text/plain; charset=utf-8", self.body.encode())
        return replace(plain, headers={**plain.headers, **self.headers})


class Redirect(AnswerFault, frozen=True, kw_only=True, tag="redirect"):
    to: str
    status: Annotated[int, Meta(ge=300, le=399)] = 307

    def spoil(self, answer: Answer) -> Answer:
        return Answer(self.status, {"Location": self.to}, [], 0)


class Html(AnswerFault, frozen=True, kw_only=True, tag="html"):
    """A web page with status 200, as a proxy or a login wall sends."""

    def spoil(self, answer: Answer) -> Answer:
        return of_bytes(
            200, "text/html; charset=utf-8", b"<!doctype html><title>Sign in</title><p>Sign in"
        )


class Delay(AnswerFault, frozen=True, kw_only=True, tag="delay"):
    """The right answer, `seconds` late."""

    seconds: _Seconds

    def spoil(self, answer: Answer) -> Answer:
        return replace(answer, wait=self.seconds)


class Drip(AnswerFault, frozen=True, kw_only=True, tag="drip"):
    """The right answer without delay, its body in pieces of `size` bytes every `seconds`.

    A `status` takes the place of the right one.
    """

    size: _Positive = 1
    seconds: _Seconds = 0.1
    status: Annotated[int, Meta(ge=200, le=599)] | None = None

    def spoil(self, answer: Answer) -> Answer:
        return replace(
            answer,
            status=self.status or answer.status,
            body=_pieces(answer.body, self.size),
            pause=self.seconds,
        )


class Cut(AnswerFault, frozen=True, kw_only=True, tag="cut"):
    """The connection closes after `after` bytes of the body."""

    after: _NotNegative

    def spoil(self, answer: Answer) -> Answer:
        return replace(answer, body=_first(answer.body, self.after))


class WrongLength(AnswerFault, frozen=True, kw_only=True, tag="wrong_length"):
    """A Content-Length that is off `by` this many bytes: too large if positive."""

    by: int

    def spoil(self, answer: Answer) -> Answer:
        return replace(answer, length=max(0, answer.length + self.by))


class Gzip(AnswerFault, frozen=True, kw_only=True, tag="gzip"):
    """Content-Encoding: gzip, requested or not. The compressed body is held in memory.

    It and its Content-Length are `cut` bytes too short.
    """

    cut: _NotNegative = 0

    def spoil(self, answer: Answer) -> Answer:
        packer = zlib.compressobj(wbits=31)  # 31 selects the gzip format
        packed = b"".join([*map(packer.compress, answer.body), packer.flush()])
        packed = packed[: len(packed) - self.cut]
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        return replace(answer, headers=headers, body=[packed], length=len(packed))


AnyFault = (
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
    | Gzip
)
FAULT: Decoder[AnyFault] = Decoder(AnyFault)


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
