"""Because of which failing nodes dbt skipped others.

dbt skips what depends, over any number of steps, on a node that failed. `dbt build` also skips
what depends on all nodes that a failing test reads (dbt-core, `Compiler.add_test_edges`), and
the model that a failing unit test is for.

Time and memory grow with the graph, not with failing times skipped nodes: of thousands of causes
behind a node the first are known, and the others together.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

Parents = Mapping[str, Collection[str]]

MAX_CAUSES = 10
# Of so many failing nodes, the first, it is known how many nodes each of them took down.
MAX_MEASURED = 64

_TESTS = ("test.", "unit_test.")
# A node's set of causes is a number with a bit for each. All sets together have up to so many bits
# (16 MiB), and each has at least the least.
_ALL_BITS = 128 * 1024 * 1024
_LEAST_BITS = 256
# A test that reads several nodes has a bit for each.
_MAX_TESTS_OF_SEVERAL = 64
_MAX_READ = 16


class Group(Struct, frozen=True):
    """Nodes that were skipped because of `causes`: the first of up to `cause_count`."""

    causes: tuple[str, ...]
    cause_count: int
    nodes: list[str]


class Skipped(Struct, frozen=True):
    """`took_down` has for the first of the failing nodes how many were skipped because of it.

    `all_considered` is False if more nodes failed than can be told apart.
    """

    groups: list[Group]
    took_down: Mapping[str, int]
    all_considered: bool


def by_causes(parents: Parents, *, failed: Sequence[str], skipped: Iterable[str]) -> Skipped:
    """The skipped nodes by the failing ones behind them, in the order of `failed`.

    A group without causes holds those for which the graph tells of none.
    """
    bits = max(_LEAST_BITS, _ALL_BITS // (len(parents) + 1))
    causes = _Causes(parents, failed, bits)
    upstream = _Upstream(parents, causes.marks)
    by_marks: dict[int, list[str]] = defaultdict(list)
    for node in dict.fromkeys(skipped):
        by_marks[upstream.marks_of(node)].append(node)
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    counts: dict[tuple[str, ...], int] = {}
    took_down = Counter(dict.fromkeys(causes.names(causes.measured), 0))
    for reached, nodes in by_marks.items():
        found = causes.of(reached)
        first = tuple(islice(causes.names(found), MAX_CAUSES))
        groups[first] += nodes
        counts[first] = max(counts.get(first, 0), found.bit_count())
        for cause in causes.names(found & causes.measured):
            took_down[cause] += len(nodes)
    return Skipped(
        [Group(first, counts[first], nodes) for first, nodes in groups.items()],
        took_down,
        causes.all_considered,
    )


class _Causes:
    """The failing nodes, each with a bit of its own as long as there are any.

    `marks` are the nodes because of which others are skipped: a failing node itself, or what a
    failing test reads.
    """

    def __init__(self, parents: Parents, failed: Sequence[str], bits: int) -> None:
        self.marks: dict[str, int] = {}
        self.measured = 0
        self.all_considered = True
        self._owners: list[str] = []
        # By the first bit of a test that reads several nodes, all of its bits.
        self._needed: dict[int, int] = {}
        for at, cause in enumerate(dict.fromkeys(failed)):
            read = (parents.get(cause) if cause.startswith(_TESTS) else None) or (cause,)
            several = len(read) > 1
            if several and (len(self._needed) == _MAX_TESTS_OF_SEVERAL or len(read) > _MAX_READ):
                self.all_considered = False
                continue
            if len(self._owners) + len(read) > bits:
                self.all_considered = False
                return
            first = 1 << len(self._owners)
            needed = 0
            for source in read:
                bit = 1 << len(self._owners)
                self._owners.append(cause)
                self.marks[source] = self.marks.get(source, 0) | bit
                needed |= bit
            if several:
                self._needed[first] = needed
            if at < MAX_MEASURED:
                self.measured |= first

    def of(self, reached: int) -> int:
        """A bit for each cause of a node that has reached these."""
        for first, needed in self._needed.items():
            if reached & needed:
                whole = reached & needed == needed
                reached = (reached & ~needed) | (first if whole else 0)
        return reached

    def names(self, found: int) -> Iterator[str]:
        while found:
            lowest = found & -found
            yield self._owners[lowest.bit_length() - 1]
            found ^= lowest


class _Upstream:
    """The marks of a node and of all that it depends on; each node is looked at once."""

    def __init__(self, parents: Parents, marks: Mapping[str, int]) -> None:
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
