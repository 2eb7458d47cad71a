"""The poisons: files and API answers of one command that are made to kill the function."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from local.standin import Command
from local.standin.faults import AnyFault, Drip, Gzip, Status
from tests.poison import artifacts
from tests.poison.artifacts import Pieces

RESULTS = "target/run_results.json"
MANIFEST = "target/manifest.json"
# Just below the size limit for an answer of the API.
ANSWER = 16 * 1024 * 1024 - 1024
AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class Poison:
    """`times` is the number of commands in the run that have it."""

    name: str
    what: str
    files: Mapping[str, Callable[[], Pieces]] = field(default_factory=dict)
    stdout: Callable[[], str] = str
    faults: Callable[[Command], Iterable[AnyFault]] = lambda _: ()
    times: int = 1


def _results(nodes: Callable[[], Pieces]) -> Callable[[], Pieces]:
    return lambda: artifacts.results(nodes())


def _chain(name: str, what: str, count: int) -> Poison:
    failed, skipped = artifacts.names("failed", count), artifacts.names("skipped", count)
    return Poison(
        name=name,
        what=what,
        files={
            RESULTS: partial(artifacts.failed_and_skipped, failed, skipped),
            MANIFEST: lambda: artifacts.parents(artifacts.chained(count)),
        },
    )


def _answering(body: Callable[[], bytes]) -> Callable[[Command], Iterable[AnyFault]]:
    """The API answers this for the command."""

    def faults(command: Command) -> Iterable[AnyFault]:
        yield Status(
            on=f"api:boltCommand:{command.id}",
            status=200,
            headers={"Content-Type": "application/json"},
            body=body().decode(),
        )

    return faults


def _filled(head: bytes, item: bytes, tail: bytes) -> bytes:
    count = (ANSWER - len(head) - len(tail)) // (len(item) + 1)
    return head + b",".join([item] * count) + tail


def _on_download(command: Command, make: Callable[[str], AnyFault]) -> Iterable[AnyFault]:
    return [make(f"download:{resource.id}") for resource in command.resources]


OF_THE_ISSUE = (
    _chain("chain", "3,000 failed and 3,000 skipped nodes, each with causes of its own", 3_000),
    _chain("long chain", "the same with 150,000 of each", 150_000),
    Poison(
        name="outage",
        what="2,000 failed and 6,000 skipped nodes, as an honest outage leaves them",
        files={
            RESULTS: lambda: artifacts.failed_and_skipped(
                artifacts.names("failed", 2_000), artifacts.names("skipped", 6_000)
            ),
            MANIFEST: lambda: artifacts.parents(artifacts.layered(2_000, 6_000)),
        },
    ),
    Poison(
        name="many results",
        what="eight results files, each with 16 MB of failing nodes",
        files={
            f"part_{part}/{RESULTS}": _results(partial(artifacts.wordy, part)) for part in range(8)
        },
    ),
    Poison(
        name="lists",
        what="an API answer with five million empty lists",
        faults=_answering(
            lambda: _filled(b'{"data":{"boltCommand":{"stdout":"","x":[', b"[]", b"]}}}")
        ),
    ),
    Poison(
        name="zeros",
        what="an API answer with eight million zeros in place of resources",
        faults=_answering(lambda: _filled(b'{"data":{"boltCommand":{"resources":[', b"0", b"]}}}")),
    ),
    Poison(
        name="wide log",
        what="eight console logs of 16 MB, each with one character beyond Latin-1",
        stdout=lambda: "x" * ANSWER + "…",
        times=AT_ONCE,
    ),
    Poison(
        name="emoji log",
        what="eight console logs of 16 MB, each with an emoji",
        stdout=lambda: "x" * ANSWER + "🔥",
        times=AT_ONCE,
    ),
    Poison(
        name="wrong rows",
        what="results with three million rows, all of them malformed",
        files={RESULTS: partial(artifacts.wrong_values, b'{"results":[', b"]}")},
    ),
    Poison(
        name="odd numbers",
        what="results with NaN, infinity and enormous numbers",
        files={RESULTS: _results(artifacts.odd_numbers)},
    ),
    Poison(
        name="dripping 503",
        what="a download that answers 503 with a dripping body",
        files={RESULTS: _results(lambda: [artifacts.node("model.poison.dripping") + b" " * 9_000])},
        faults=lambda command: _on_download(
            command, lambda download: Drip(on=download, status=503, seconds=1)
        ),
    ),
    Poison(
        name="dripping API",
        what="a 503 of the API with a dripping body",
        stdout=lambda: "x" * 9_000,
        faults=lambda command: [Drip(on=f"api:boltCommand:{command.id}", status=503, seconds=1)],
    ),
)

OF_OUR_OWN = (
    Poison(
        name="wrong parents",
        what="a manifest with three million zeros in place of parents",
        files={
            RESULTS: _results(lambda: [artifacts.node("model.poison.a")]),
            MANIFEST: lambda: artifacts.wrong_members(
                b'{"nodes":{},"parent_map":{', b"0", artifacts.MOST_VALUES
            ),
        },
    ),
    Poison(
        name="many nodes",
        what="a manifest with one and a half million empty nodes",
        files={
            RESULTS: _results(lambda: [artifacts.node("model.poison.a")]),
            MANIFEST: lambda: artifacts.wrong_members(
                b'{"nodes":{', b"{}", artifacts.MOST_VALUES // 2
            ),
        },
    ),
    Poison(
        name="hub",
        what="a skipped node behind 100,000 failed ones, and a thousand behind that",
        files={
            RESULTS: lambda: artifacts.failed_and_skipped(
                artifacts.names("failed", 100_000), artifacts.names("skipped", 1_000)
            ),
            MANIFEST: lambda: artifacts.parents(artifacts.hub(100_000, 1_000)),
        },
    ),
    Poison(
        name="circle",
        what="5,000 nodes that depend on each other in a circle",
        files={
            RESULTS: lambda: artifacts.failed_and_skipped(
                artifacts.names("failed", 5_000), artifacts.names("skipped", 5_000)
            ),
            MANIFEST: lambda: artifacts.parents(artifacts.circle(5_000)),
        },
    ),
    Poison(
        name="nested",
        what="results of twenty million nested lists",
        files={RESULTS: artifacts.nested},
    ),
    Poison(
        name="long names",
        what="twenty nodes with names of a million characters",
        files={RESULTS: _results(artifacts.long_named)},
    ),
    Poison(
        name="surrogates",
        what="a node whose name and message cannot be encoded as UTF-8",
        files={RESULTS: _results(artifacts.lone_surrogates)},
    ),
    Poison(
        name="loud",
        what="one message of 60 MB, in which each character takes four bytes",
        files={RESULTS: _results(partial(artifacts.of_emoji, 60))},
    ),
    Poison(
        name="repeated key",
        what="results with the same key 700,000 times",
        files={RESULTS: artifacts.repeated_key},
    ),
    Poison(
        name="many resources",
        what="an API answer with 300,000 resources that are not archived",
        faults=_answering(
            lambda: _filled(
                b'{"data":{"boltCommand":{"stdout":"","stderr":"","resources":[',
                b'{"id":7,"path":"target/compiled/models/model.sql"}',
                b"]}}}",
            )
        ),
    ),
    Poison(
        name="blown up",
        what="a download of a few kilobytes that unpacks to 160 MB",
        files={RESULTS: partial(artifacts.blanks, 160)},
        faults=lambda command: _on_download(command, lambda download: Gzip(on=download)),
    ),
    Poison(
        name="no line ends",
        what="a console log that is one line of 4 MB of escape sequences",
        stdout=lambda: "\x1b]8;;\x1b[" * 500_000,
    ),
)

POISONS = OF_THE_ISSUE + OF_OUR_OWN


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A signed body that describes no run and belongs in quarantine."""

    name: str
    what: str
    body: Callable[[], bytes]


_HEAD = (
    b'{"id":1,"workspace":{"uid":"w","name":"w"},"schedule_name":"s","status":"failed",'
    b'"start_dttm":"2023-10-15 16:44:01","end_dttm":"2023-10-15 16:44:01",'
    b'"api_url":"https://api.paradime.io/x","commands":['
)
DELIVERIES = (
    Delivery(
        name="wrong commands",
        what="450,000 zeros in place of commands, 0.9 MB",
        body=lambda: _HEAD + b",".join([b"0"] * 450_000) + b"]}",
    ),
    Delivery(
        name="more wrong commands",
        what="the same in a body of nearly 5 MB",
        body=lambda: _HEAD + b",".join([b"0"] * 2_450_000) + b"]}",
    ),
)
