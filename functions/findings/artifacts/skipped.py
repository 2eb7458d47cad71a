"""Because of which failing nodes dbt skipped others.

dbt skips what depends, over any number of steps, on a node that failed. `dbt build` also skips
what depends on all nodes that a failing test reads (dbt-core, `Compiler.add_test_edges`), and
the model that a failing unit test is for.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

_TESTS = ("test.", "unit_test.")


def by_causes(
    parents: Mapping[str, Collection[str]], *, failed: Iterable[str], skipped: Iterable[str]
) -> dict[tuple[str, ...], list[str]]:
    """The skipped nodes by the failing ones behind them, in the order of `failed`.

    Under the empty tuple stand those for which the graph tells of none.
    """
    # A set of nodes is a number with a bit for each, so that thousands of failing nodes upstream
    # of thousands of skipped ones stay cheap. A test has a bit for every node that it reads.
    owners: list[str] = []
    marks: dict[str, int] = {}
    needed: dict[str, int] = {}
    for cause in dict.fromkeys(failed):
        needed[cause] = 0
        for source in (parents.get(cause) if cause.startswith(_TESTS) else None) or (cause,):
            bit = 1 << len(owners)
            owners.append(cause)
            marks[source] = marks.get(source, 0) | bit
            needed[cause] |= bit
    upstream = _Upstream(parents, marks)
    by_marks: dict[int, list[str]] = defaultdict(list)
    for node in dict.fromkeys(skipped):
        by_marks[upstream.marks_of(node)].append(node)
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for reached, nodes in by_marks.items():
        candidates = dict.fromkeys(owners[bit] for bit in _bits(reached))
        causes = (cause for cause in candidates if needed[cause] & ~reached == 0)
        found[tuple(causes)] += nodes
    return dict(found)


class _Upstream:
    """The marks of a node and of all that it depends on; each node is looked at once."""

    def __init__(self, parents: Mapping[str, Collection[str]], marks: Mapping[str, int]) -> None:
        self._parents = parents
        self._marks = marks
        self._known: dict[str, int] = {}

    def marks_of(self, node: str) -> int:
        # Without recursion: a chain of models may be longer than Python's stack.
        todo = [node]
        while todo:
            current = todo.pop()
            parents = self._parents.get(current, ())
            if current in self._known:
                for parent in parents:
                    self._known[current] |= self._known.get(parent, 0)
                continue
            self._known[current] = self._marks.get(current, 0)
            todo.append(current)  # once more, after its parents
            todo += [parent for parent in parents if parent not in self._known]
        return self._known[node]


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
