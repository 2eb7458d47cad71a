"""What is wrong with the stand-in during a soak: a small share of all its answers."""

from collections.abc import Sequence

from msgspec.structs import replace

from local.standin.faults import (
    AnyFault,
    Cut,
    Delay,
    ExpiredLink,
    GraphqlErrors,
    Gzip,
    Html,
    NotOk,
    NullUrl,
    Redirect,
    Status,
    WrongLength,
)

SHARE = 0.05

_OF_THE_API: list[AnyFault] = [
    Status(status=500),
    Status(status=503),
    Status(status=429, headers={"Retry-After": "1"}),
    GraphqlErrors(),
    Html(),
    Redirect(to="http://127.0.0.1:9/graphql"),
    Cut(after=20),
    Delay(seconds=0.5),
]
_OF_LINKS: list[AnyFault] = [NotOk(), NullUrl(), ExpiredLink()]
# A page for people in a file's place, or a length that says less than there is, is not among
# them: nobody could tell either from a file that is so.
_OF_DOWNLOADS: list[AnyFault] = [
    Status(status=403),
    Status(status=404),
    Status(status=500),
    Status(status=503),
    Cut(after=100),
    WrongLength(by=50),
    Gzip(),
    Delay(seconds=0.5),
]


def soak_faults() -> list[AnyFault]:
    """Each kind of operation meets its faults in equal parts, `SHARE` of the times in all."""
    return [
        *_on("api:boltCommand:*", _OF_THE_API),
        *_on("api:boltResourceUrl:*", [*_OF_THE_API, *_OF_LINKS]),
        *_on("download:*", _OF_DOWNLOADS),
    ]


def _on(operations: str, faults: Sequence[AnyFault]) -> list[AnyFault]:
    rate = SHARE / len(faults)
    return [replace(fault, on=operations, rate=rate) for fault in faults]
