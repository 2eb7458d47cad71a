"""What the logs of a command say: why it failed, why nodes did, and what became of them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct, field

from functions.findings.logs import entries, nodes
from functions.findings.logs.entries import LogLine
from functions.findings.logs.forms import NOISE, VAGUE, fits, one_pattern
from functions.findings.logs.nodes import NodeReasons, Steps
from functions.findings.logs.rules import RULES, Rule
from functions.findings.logs.telling import cleaned, says_nothing, tell
from functions.findings.logs.tracebacks import raised

MAX_LAST_LINES = 3

_MILD = ("warn", "debug")
# Of git and of compilers, whose lines have no level otherwise.
_WARNINGS = ("warning: ", "hint: ", "note: ")


class Reason(Struct, frozen=True):
    """`lines` are as the log has them, found by `rule`."""

    rule: Rule
    lines: tuple[str, ...]


class Reading(Struct, frozen=True):
    """`last` are the last lines, for where no reason is found."""

    reason: Reason | None = None
    nodes: NodeReasons = field(default_factory=NodeReasons)
    steps: Steps = field(default_factory=Steps)
    last: tuple[str, ...] = ()


def read(logs: Iterable[str]) -> Reading:
    """Reads the logs of one command, the most telling first."""
    read_logs = [entries.read(log) for log in logs]
    useful = [list(_without_noise(lines)) for lines in read_logs]
    return Reading(
        reason=reason(useful),
        nodes=nodes.reasons(read_logs),
        steps=nodes.steps(read_logs),
        last=next(filter(None, map(_last, (*_graver(useful), *useful))), ()),
    )


def reason(logs: Sequence[Sequence[LogLine]]) -> Reason | None:
    """By the first rule that applies; what is only a warning counts where nothing else does."""
    graver = _graver(logs)
    return _by_rules(graver) or (None if graver == logs else _by_rules(logs))


def _by_rules(logs: Sequence[Sequence[LogLine]]) -> Reason | None:
    found = _found(logs)
    first = next(found, None)
    if first is None or not _is_vague(first):
        return first
    # What only says that something failed is told with what says it better, if anything does.
    for other in found:
        if not _is_vague(other):
            return Reason(first.rule, first.lines + other.lines)
    return first


def _found(logs: Sequence[Sequence[LogLine]]) -> Iterator[Reason]:
    for rule in RULES:
        for lines in logs:
            found = rule.find(lines)
            if found and not says_nothing("\n".join(found)):
                yield Reason(rule, tuple(found))


def _is_vague(reason: Reason) -> bool:
    return all(fits(VAGUE, line) for line in tell(reason.lines))


def _without_noise(lines: Sequence[LogLine]) -> Iterator[LogLine]:
    ignored = {at for one in raised(lines) if one.ignored for at in range(one.begin, one.end)}
    is_noise = one_pattern(NOISE).fullmatch
    for at, line in enumerate(lines):
        if at in ignored or is_noise(line.text.strip()):
            continue
        if line.shown is line.text or not is_noise(line.shown.strip()):
            yield line


def _graver(logs: Sequence[Sequence[LogLine]]) -> Sequence[Sequence[LogLine]]:
    """The logs without what is only a warning."""
    return [
        [line for line in lines if line.level not in _MILD and not line.text.startswith(_WARNINGS)]
        for lines in logs
    ]


def _last(lines: Sequence[LogLine]) -> tuple[str, ...]:
    said = (text for line in reversed(lines) if (text := cleaned(line.shown)))
    return tuple(islice(said, MAX_LAST_LINES))[::-1]
