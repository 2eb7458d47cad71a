"""All the ways in which Paradime misbehaves, and what is done in each: the rows of one table.

`test_misbehaviour.py` plays each row; `docs/reliability.md` shows the table that `table` gives.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from local.standin.content import Content, Generated
from local.standin.faults import (
    AnyFault,
    Cut,
    Delay,
    Drip,
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

# The resource that misbehaves. The tests' small run has others besides it: two commands' logs,
# and two resources.
BAD = 71011
FILES = 7

LINK = f"api:boltResourceUrl:{BAD}"
DOWNLOAD = f"download:{BAD}"
ALL_OF_THE_API = "api:*"

MIB = 1024 * 1024
MANIFEST = b'{"metadata": {"dbt_version": "1.10.0"}, "nodes": {}}'


@dataclass(frozen=True)
class Outcome:
    """What is done and what then shows; `waits` when a second receive is needed for it."""

    done: str
    state: str
    stored: bool
    metrics: Mapping[str, int]
    waits: bool = False


_ARCHIVED = {"RunsArchived": 1, "FilesStored": FILES}


class Then(Enum):
    STORED = Outcome("stored", "archived", stored=True, metrics=_ARCHIVED)
    INSIDE = Outcome("retried inside the call", "archived", stored=True, metrics=_ARCHIVED)
    LATER = Outcome(
        "retried after a delay",
        "archived",
        stored=True,
        metrics={"RunsToTryAgain": 1} | _ARCHIVED,
        waits=True,
    )
    MISSING = Outcome(
        "recorded as missing",
        "partial",
        stored=False,
        metrics={"RunsArchived": 1, "FilesStored": FILES - 1, "FilesMissing": 1},
    )


@dataclass(frozen=True)
class Scene:
    """What is there besides the stand-in when a row is played."""

    black_hole: str
    """The origin of a port that neither takes a connection nor refuses one."""
    link: str
    """A link to the bad resource."""
    link_elsewhere: str
    """A link to the same at another origin."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way to misbehave.

    `operation` is what it befalls and `asked` how often that is asked in the first receive;
    `says` is a part of the reason that the record or the inventory gives; `wait` the least delay
    in seconds; `content` what the resource is, and `stored` what of it is to be in the archive.
    """

    what: str
    operation: str
    then: Then
    faults: Callable[[Scene], Iterable[AnyFault]]
    says: str = ""
    asked: int = 1
    wait: int = 24  # 30 s, less the most that jitter takes off
    just_ended: bool = False
    times_out: bool = False
    content: Content = MANIFEST
    stored: bytes = MANIFEST

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    @property
    def where(self) -> str:
        return {
            LINK: "API, one request",
            DOWNLOAD: "download",
            ALL_OF_THE_API: "API, every request",
        }[self.operation]


def _always(*faults: AnyFault) -> Callable[[Scene], Iterable[AnyFault]]:
    return lambda scene: faults


def _of_both(operation: str, whose: str) -> list[Row]:
    """What the API and the store do alike."""

    def later(what: str, *faults: AnyFault, says: str, **more: object) -> Row:
        return Row(
            what=what,
            operation=operation,
            then=Then.LATER,
            faults=_always(*faults),
            says=f"{whose} {says}",
            **more,  # type: ignore[arg-type]
        )

    on, ask_to_wait = operation, {"Retry-After": "7200"}
    once = [
        Row(
            what=f"{status}, once",
            operation=operation,
            then=Then.INSIDE,
            faults=_always(Status(on=on, status=status, times=1)),
            asked=2,
        )
        for status in (500, 502, 503)
    ]
    lasting = [
        later(
            f"{status}, three times in a row",
            Status(on=on, status=status),
            says=f"answered {status}",
            asked=3,
        )
        for status in (500, 502, 503)
    ]
    return [
        later("400", Status(on=on, status=400), says="answered 400"),
        *once,
        *lasting,
        later(
            "503 with `Retry-After`",
            Status(on=on, status=503, headers=ask_to_wait),
            says="answered 503",
            wait=7200,
        ),
        later("429 without `Retry-After`", Status(on=on, status=429), says="answered 429"),
        later(
            "429 with `Retry-After`",
            Status(on=on, status=429, headers=ask_to_wait),
            says="answered 429",
            wait=7200,
        ),
    ]


def _api(what: str, fault: AnyFault, says: str, then: Then = Then.LATER, **more: object) -> Row:
    return Row(
        what=what,
        operation=LINK,
        then=then,
        faults=_always(fault),
        says=says,
        **more,  # type: ignore[arg-type]
    )


def _download(what: str, fault: AnyFault | None, then: Then, says: str = "", **more: object) -> Row:
    return Row(
        what=what,
        operation=DOWNLOAD,
        then=then,
        faults=_always(*([fault] if fault else [])),
        says=says,
        **more,  # type: ignore[arg-type]
    )


_API = "Paradime's API"

ROWS = [
    *_of_both(LINK, _API),
    _api("401", Status(on=LINK, status=401), f"{_API} refused the credentials (401)"),
    _api("403", Status(on=LINK, status=403), f"{_API} refused the credentials (403)"),
    _api("404", Status(on=LINK, status=404), f"{_API} answered 404"),
    _api(
        "time-out on read",
        Delay(on=LINK, seconds=30),
        f"{_API} could not be reached: ReadTimeout",
        times_out=True,
    ),
    _api("slow drip", Drip(on=LINK), f"{_API} could not be reached: TimeoutError", times_out=True),
    _api(
        "connection cut in mid-body",
        Cut(on=LINK, after=20),
        f"{_API} could not be reached: ProtocolError",
    ),
    _api(
        "fewer bytes than announced",
        WrongLength(on=LINK, by=5),
        f"{_API} could not be reached: ProtocolError",
    ),
    _api(
        "more bytes than announced",
        WrongLength(on=LINK, by=-5),
        f"{_API} answered application/json, which is not JSON",
    ),
    _api(
        "an HTML page",
        Html(on=LINK),
        f"{_API} answered text/html; charset=utf-8, which is not JSON",
    ),
    _api("gzip", Gzip(on=LINK), "", Then.STORED),
    _api(
        "gzip that was cut off, its length announced",
        Gzip(on=LINK, cut=8),
        f"{_API} could not be reached: ProtocolError",
    ),
    Row(
        what="redirect",
        operation=LINK,
        then=Then.LATER,
        faults=lambda scene: [Redirect(on=LINK, to=scene.link_elsewhere)],
        says=f"{_API} answered with a redirect (307), which is not followed",
    ),
    _api(
        "`errors` in a 200",
        GraphqlErrors(on=LINK, message="Resource is locked"),
        f"{_API} answered an error: Resource is locked",
    ),
    _api(
        "`ok: false`, within an hour of the run's end",
        NotOk(on=LINK),
        f"Paradime gives no link to resource {BAD}",
        just_ended=True,
    ),
    _api(
        "`ok: false`, later",
        NotOk(on=LINK),
        f"Paradime gives no link to resource {BAD}",
        Then.MISSING,
    ),
    _api(
        "null URL, within an hour of the run's end",
        NullUrl(on=LINK),
        f"Paradime gives no link to resource {BAD}",
        just_ended=True,
    ),
    _api(
        "null URL, later",
        NullUrl(on=LINK),
        f"Paradime gives no link to resource {BAD}",
        Then.MISSING,
    ),
    _api(
        "a link that has expired when it is followed",
        ExpiredLink(on=LINK, times=1),
        "",
        Then.INSIDE,
        asked=2,
    ),
    *_of_both(DOWNLOAD, "a download was"),
    _download("401", Status(on=DOWNLOAD, status=401), Then.LATER, "a download was answered 401"),
    _download(
        "403 for a new link, too",
        Status(on=DOWNLOAD, status=403),
        Then.LATER,
        "the link was refused (403)",
        asked=2,
    ),
    _download(
        "404, within an hour of the run's end",
        Status(on=DOWNLOAD, status=404),
        Then.LATER,
        "there is no file behind the link (404)",
        just_ended=True,
    ),
    _download(
        "404, later",
        Status(on=DOWNLOAD, status=404),
        Then.MISSING,
        "there is no file behind the link (404)",
    ),
    Row(
        what="time-out on connect",
        operation=DOWNLOAD,
        then=Then.LATER,
        faults=lambda scene: [Redirect(on=DOWNLOAD, to=f"{scene.black_hole}/file")],
        says="a download could not start: ConnectTimeout",
        times_out=True,
    ),
    _download(
        "time-out on read",
        Delay(on=DOWNLOAD, seconds=30),
        Then.LATER,
        "a download could not start: ReadTimeout",
        times_out=True,
    ),
    _download(
        "slow drip",
        Drip(on=DOWNLOAD),
        Then.LATER,
        "a download was interrupted: TimeoutError",
        times_out=True,
    ),
    _download(
        "connection cut in mid-body",
        Cut(on=DOWNLOAD, after=20),
        Then.LATER,
        "a download was interrupted: ProtocolError",
    ),
    _download(
        "fewer bytes than announced",
        WrongLength(on=DOWNLOAD, by=5),
        Then.LATER,
        "a download was interrupted: ProtocolError",
    ),
    _download(
        "more bytes than announced: HTTP itself ends the body at the announced ones",
        WrongLength(on=DOWNLOAD, by=-5),
        Then.STORED,
        stored=MANIFEST[:-5],
    ),
    _download("gzip: stored unpacked", Gzip(on=DOWNLOAD), Then.STORED),
    _download(
        "gzip that was cut off, its length announced",
        Gzip(on=DOWNLOAD, cut=8),
        Then.LATER,
        "a download was interrupted: ProtocolError",
    ),
    _download("an empty file", None, Then.STORED, content=b"", stored=b""),
    _download(
        "a file over `maxArtifactMiB`",
        None,
        Then.MISSING,
        f"larger than {MIB} bytes (maxArtifactMiB)",
        content=Generated(MIB + 1),
    ),
    _download(
        "gzip that unpacks to more than `maxArtifactMiB`",
        Gzip(on=DOWNLOAD),
        Then.MISSING,
        f"larger than {MIB} bytes (maxArtifactMiB)",
        content=bytes(64 * MIB),
    ),
    _download(
        "an HTML page in place of a `.json` file",
        Html(on=DOWNLOAD),
        Then.LATER,
        "a download is an HTML page, not JSON",
    ),
    Row(
        what="redirect to where a link may lead",
        operation=DOWNLOAD,
        then=Then.STORED,
        faults=lambda scene: [Redirect(on=DOWNLOAD, to=scene.link_elsewhere)],
    ),
    _download(
        "redirect to plain http",
        Redirect(on=DOWNLOAD, to="http://example.com/manifest.json"),
        Then.MISSING,
        "a download link is not a plain https address",
    ),
    _download(
        "redirect to an address inside",
        Redirect(on=DOWNLOAD, to="https://169.254.169.254/latest/meta-data/"),
        Then.MISSING,
        "the host 169.254.169.254 is at 169.254.169.254, which is not a public address",
    ),
    _download(
        "redirect to what is no address",
        Redirect(on=DOWNLOAD, to="https://[/"),
        Then.MISSING,
        "a download redirects to an invalid address",
    ),
    Row(
        what="redirects in a circle",
        operation=DOWNLOAD,
        then=Then.LATER,
        faults=lambda scene: [Redirect(on=DOWNLOAD, to=scene.link)],
        says="a download redirects more than 3 times",
        asked=4,
    ),
]


def _whole(what: str, says: str = "", then: Then = Then.LATER) -> Row:
    return Row(what=what, operation=ALL_OF_THE_API, then=then, faults=_always(), says=says)


# What befalls all questions takes more than a fault to bring about: each has a test of its own.
OUTAGE = _whole("503", f"{_API} answered 503")
HANGS = _whole("time-out on connect", f"{_API} could not be reached: ConnectTimeout")
REFUSES = _whole("connection refused", f"{_API} could not be reached: ConnectionError")
ROTATED = _whole("401 since the credentials were rotated", then=Then.INSIDE)


def table() -> str:
    """The table of the document, in Markdown."""
    head = ["where", "Paradime's fault", "what is done", "record", "inventory", "metrics"]
    lines = [head, ["---"] * len(head), *map(_cells, (OUTAGE, HANGS, REFUSES, ROTATED, *ROWS))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(row: Row) -> list[str]:
    outcome = row.then.value
    done, record = outcome.done, f"`{outcome.state}`"
    inventory = "the file"
    if row.then is Then.LATER:
        done += f" of at least {row.wait} s" if row.wait > 24 else ""
        record = f"`incomplete`: {row.says}; then {record}"
        inventory = "once all is there"
    if row.then is Then.MISSING:
        inventory = f"under `missing`: {row.says}"
    metrics = ", ".join(f"`{name}` {value}" for name, value in outcome.metrics.items())
    return [row.where, row.what, done, record, inventory, metrics]
