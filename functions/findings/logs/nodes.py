"""What a log of dbt's says of single nodes: why one failed, and what became of each."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct, field

from functions.findings.logs.entries import LogLine
from functions.findings.logs.telling import says_nothing

MAX_REASON_LINES = 40
MAX_NODES = 1_000
MAX_RUNNING = 20
MAX_STEPS = 10_000

_HEADING = re.compile(
    r"\s*(?:Failure|[A-Z]\w+ Error) in (?P<kind>[\w ]{1,40}?) (?P<name>\S+) \((?P<path>.*)\)"
)
# dbt Fusion names nodes by their ids or by a place in their files.
_FUSION = re.compile(r"(?:\[error\] )?\[\w+ \(dbt\d{4}\)\]: ")
_UNIQUE_ID = re.compile(
    r"\b(?:model|seed|snapshot|test|unit_test|source|operation|macro|analysis|saved_query)"
    r"(?:\.\w{1,200}){2,4}"
)
_UNIT_TEST = re.compile(r"Test failed: (?P<name>\S+)")
_ROWS_DIFFER = re.compile(r"\d+ row\(s\) differ\.")
_PLACE = re.compile(r"\s*--> (?P<path>[^\s:]{1,400})(?::\d+){0,2}")
_STEP = re.compile(
    r"(?P<step>\d+ of \d+) (?P<state>START|OK|PASS|WARN|SKIP|ERROR|FAIL|CANCEL|NO-OP"
    r"|PARTIAL SUCCESS)\b(?P<rest>.*)"
)
# dbt Fusion says what it starts in its log of JSON alone.
_FUSION_STEP = re.compile(
    r" *(?P<state>Started|Succeeded|Passed|Failed|Warned|Skipped|Stale) (?P<step>) *"
    r"(?:\[[^\]]{0,20}\] )?(?P<rest>\w+ +\S+)"
)
_SUCCEEDED = frozenset({"OK", "PASS", "Succeeded", "Passed"})
_FAILED = frozenset({"ERROR", "Failed", "Stale"})
# `ERROR STALE freshness of raw.orders ....`, `Stale [  0.24s] source raw.orders (last updated …`
_FRESHNESS = re.compile(r" *(?:(?:STALE )?freshness of|source +) *(?P<name>[^\s.]+\.\S+)")
_MAY_BEGIN_A_STEP = frozenset("0123456789 RCSPFW")
_DOTS = re.compile(r" \.{2,}.*| \[.*")


class NodeReasons(Struct, frozen=True):
    """Why nodes failed, by what a log names them by: unique id, kind and name, or file."""

    by_id: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_name: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    by_path: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, unique_id: str, *, kind: str, name: str, path: str | None) -> tuple[str, ...]:
        """The lines that a log has of a node's failure; none if it does not name the node.

        `kind` and `name` are as `nodes.named` has them, `path` as the manifest does.
        """
        return (
            self.by_id.get(unique_id)
            or self.by_name.get((kind, name))
            or self.by_path.get(path or "")
            or ()
        )


class Steps(Struct, frozen=True):
    """What became of the nodes that were started, as dbt's console names them.

    `running` had not ended; of those that were `started` or `succeeded` the last part of the name
    is known; `failed_sources` are stale or could not be checked, such as `raw.orders`.
    """

    running: tuple[str, ...] = ()
    started: frozenset[str] = frozenset()
    succeeded: frozenset[str] = frozenset()
    failed_sources: tuple[str, ...] = ()


def reasons(logs: Sequence[Sequence[LogLine]]) -> NodeReasons:
    """The reasons that say more than that a node failed; the first of each node."""
    found = NodeReasons()
    places = ((lines, at) for lines in logs for at in range(len(lines)) if _names_a_node(lines[at]))
    for lines, at in islice(places, MAX_NODES):
        _add(found, lines, at)
    for lines in logs:
        tests = (at for at in range(len(lines)) if _UNIT_TEST.fullmatch(lines[at].text))
        for at in islice(tests, MAX_NODES):
            _add_unit_test(found, lines, at)
    # In its log of JSON dbt Fusion leaves out the table: the place of the test is all there is.
    failed = (line for lines in logs for line in lines if _is_failed_unit_test(line))
    for line in islice(failed, MAX_NODES):
        found.by_id.setdefault(line.node, (line.text.strip(),))
    return found


def _is_failed_unit_test(line: LogLine) -> bool:
    step = _FUSION_STEP.match(line.text) if line.node.startswith("unit_test.") else None
    return step is not None and step["state"] == "Failed"


def _add_unit_test(found: NodeReasons, lines: Sequence[LogLine], at: int) -> None:
    """Of a unit test dbt Fusion prints a table, and below it how many rows differ."""
    named = _UNIT_TEST.fullmatch(lines[at].text)
    below = [line.text for line in lines[at + 1 : at + MAX_REASON_LINES]]
    end = next((end for end, text in enumerate(below) if _ROWS_DIFFER.fullmatch(text)), None)
    if named and end is not None:
        rows = [text for text in below[:end] if text.startswith("|")]
        first = next((row for row in rows if "->" in row), rows[1] if len(rows) > 1 else "")
        cells = ", ".join(cell.strip() for cell in first.strip("|").split("|"))
        said = (f"{below[end].rstrip('.')}: {cells}", *rows)
        found.by_name.setdefault(("unit test", named["name"]), said)


def _names_a_node(line: LogLine) -> bool:
    if line.level == "error" and (line.node or _FUSION.match(line.text)):
        return line.fresh
    return line.text.endswith(")") and _HEADING.fullmatch(line.text) is not None


def steps(logs: Iterable[Sequence[LogLine]]) -> Steps:
    """What the console says of the nodes that were started.

    dbt that is interrupted cancels its queries, and only then says that their nodes ended.
    """
    running: dict[str, str] = {}
    started: set[str] = set()
    succeeded: set[str] = set()
    failed_sources: dict[str, None] = {}
    for line in _possible_steps(logs):
        if line.text.startswith("Running with dbt"):
            running.clear()
        elif line.text.startswith("CANCEL query "):
            break
        elif step := _STEP.match(line.text) or _FUSION_STEP.match(line.text):
            key = line.node or step["step"]
            name = _DOTS.sub("", step["rest"]).split(" ")[-1]
            if step["state"] in ("START", "Started"):
                running[key] = name
                _note(started, name)
                continue
            running.pop(key, None)
            if step["state"] in _SUCCEEDED:
                _note(succeeded, name)
            elif (
                step["state"] in _FAILED
                and (source := _FRESHNESS.match(step["rest"]))
                and len(failed_sources) < MAX_NODES
            ):
                failed_sources.setdefault(source["name"])
    return Steps(
        running=tuple(islice(running.values(), MAX_RUNNING)),
        started=frozenset(started),
        succeeded=frozenset(succeeded),
        failed_sources=tuple(failed_sources),
    )


def _possible_steps(logs: Iterable[Sequence[LogLine]]) -> Iterator[LogLine]:
    return (line for lines in logs for line in lines if line.text[:1] in _MAY_BEGIN_A_STEP)


def _note(names: set[str], name: str) -> None:
    if len(names) < MAX_STEPS:
        names.add(name.rpartition(".")[2])


def _add(found: NodeReasons, lines: Sequence[LogLine], at: int) -> None:
    """What an entry says, under each name that it has for its node."""
    said = _said(lines, at)
    if not said:
        return
    line = lines[at]
    if heading := _HEADING.fullmatch(_FUSION.sub("", line.text, count=1)):
        found.by_name.setdefault((heading["kind"].replace("_", " "), heading["name"]), said)
    if line.node:
        found.by_id.setdefault(line.node, said)
    if _FUSION.match(line.text):
        for unique_id in _UNIQUE_ID.findall(line.text)[:1]:
            found.by_id.setdefault(unique_id, said)
        for place in filter(None, map(_PLACE.fullmatch, said)):
            found.by_path.setdefault(place["path"], said)


def _said(lines: Sequence[LogLine], at: int) -> tuple[str, ...]:
    """The lines from here on that are of one failure; none if they say no more than that."""
    said = tuple(islice(_of_failure(lines, at), MAX_REASON_LINES))
    return () if says_nothing("\n".join(said)) else said


def _of_failure(lines: Sequence[LogLine], at: int) -> Iterator[str]:
    """dbt ends its summary of a node by an entry that is blank, all else with the entry."""
    summary = lines[at].text.lstrip().startswith("Failure in ")
    yield lines[at].shown
    for line in lines[at + 1 :]:
        if line.fresh and (not summary or not line.text.strip()):
            return
        yield line.shown
