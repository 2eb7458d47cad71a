"""What failing nodes are made from, and dbt's checksums of it: where one differs from that of an
earlier run, the node's file was edited since.

`dbt ls --select state:modified` compares the same:
https://docs.getdbt.com/reference/node-selection/methods#state
"""

from collections import deque
from collections.abc import Iterable, Mapping

from functions.findings.artifacts.manifest import Manifest
from functions.findings.artifacts.results import MAX_ID_CHARACTERS

MAX_NODES = 5_000


def checksums(failing: Iterable[str], graph: Manifest) -> dict[str, str]:
    """Of the failing nodes and what they depend on, the nearest first; of so many at most."""
    waiting = deque(dict.fromkeys(failing))
    seen = set(waiting)
    found: dict[str, str] = {}
    while waiting and len(seen) <= MAX_NODES:
        unique_id = waiting.popleft()
        checksum = graph.checksum(unique_id)
        if checksum and len(unique_id) <= MAX_ID_CHARACTERS:
            found[unique_id] = checksum
        parents = [parent for parent in graph.parents.get(unique_id, ()) if parent not in seen]
        seen.update(parents)
        waiting.extend(parents)
    return found


def edited(now: Mapping[str, str], then: Manifest) -> tuple[str, ...]:
    """The nodes whose files are not what they were in an earlier run, or are new since."""
    return tuple(one for one, checksum in now.items() if then.checksum(one) != checksum)
