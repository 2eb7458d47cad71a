"""dbt's `manifest.json`, as far as it tells where a node is and what it depends on.

Source: the published schemas v0 to v12 of "manifest". `parent_map` is in all of them but may be
null; `compiled_code` was `compiled_sql` up to v6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Raw, Struct

from functions.findings.artifacts.artifact import (
    NULL,
    TEXT,
    count,
    described,
    read_whole,
    required,
)
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import Reader

# With as many, whatever they hold, the function stays below its 512 MB. dbt's own manifests of
# the size that is read have about half of the one and a tenth of the other.
MAX_OBJECTS = 1_000_000
MAX_PARENTS = 500_000


@dataclass(frozen=True, slots=True)
class Node:
    original_file_path: str | None = None
    compiled_code: str | None = None
    relation_name: str | None = None


class _DependsOn(Struct):
    nodes: tuple[str, ...] = ()


class _Node(Struct):
    original_file_path: Raw = NULL
    compiled_code: Raw = NULL
    relation_name: Raw = NULL
    compiled_sql: Raw = NULL
    depends_on: Raw = NULL


class _File(Struct):
    nodes: Raw = Raw(b"{}")
    unit_tests: Raw = NULL
    sources: Raw = NULL
    parent_map: Raw = NULL


Parents = Mapping[str, Sequence[str]]

_FILE, _NODES, _DEPENDS_ON = Reader(_File), Reader(dict[str, _Node]), Reader(_DependsOn)
_PARENT_MAP = Reader(dict[str, tuple[str, ...]])


@dataclass(frozen=True, slots=True)
class Manifest:
    """`parents` are what each node depends on directly."""

    _nodes: Mapping[str, _Node] = field(default_factory=dict)
    parents: Parents = field(default_factory=dict)

    def node(self, unique_id: str) -> Node:
        """The node, or one of which nothing is known."""
        node = self._nodes.get(unique_id)
        if node is None:
            return Node()
        code = described(node.compiled_code, TEXT)
        return Node(
            described(node.original_file_path, TEXT),
            described(node.compiled_sql, TEXT) if code is None else code,
            described(node.relation_name, TEXT),
        )

    def source_id(self, name: str) -> str | None:
        """Of a source that a log calls `raw.orders`."""
        ending = f".{name}"
        return next(
            (
                unique_id
                for unique_id in self._nodes
                if unique_id.startswith("source.") and unique_id.endswith(ending)
            ),
            None,
        )


def read(body: bytes | bytearray) -> Manifest:
    """Reads a manifest.

    Raises:
        NotUnderstoodError: over the bounds, not JSON, or of another shape.
    """
    file = read_whole(_FILE, body)
    described_nodes = (file.nodes, file.unit_tests, file.sources)
    if sum(count(part, b"{") for part in described_nodes) > MAX_OBJECTS:
        raise NotUnderstoodError(f"its nodes hold more than {MAX_OBJECTS:,} objects")
    if count(file.parent_map, b'"') > 2 * MAX_PARENTS:
        raise NotUnderstoodError(f"its parent_map holds more than {MAX_PARENTS:,} names")
    sources = described(file.sources, _NODES) or {}
    unit_tests = described(file.unit_tests, _NODES) or {}
    nodes = sources | unit_tests | required("nodes", file.nodes, _NODES)
    parents: Parents | None = described(file.parent_map, _PARENT_MAP)
    return Manifest(nodes, _parents(nodes) if parents is None else parents)


def _parents(nodes: Mapping[str, _Node]) -> Parents:
    found = {
        unique_id: described(node.depends_on, _DEPENDS_ON) for unique_id, node in nodes.items()
    }
    return {unique_id: needed.nodes for unique_id, needed in found.items() if needed}
