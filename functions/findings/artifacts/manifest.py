"""dbt's `manifest.json`, as far as it tells where a node is, whose it is, and what needs what.

Source: the published schemas v0 to v12 of "manifest". `parent_map` is in all of them but may be
null; `compiled_code` was `compiled_sql` up to v6.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Raw, Struct, field

from functions.findings.artifacts.artifact import (
    NULL,
    TEXT,
    count,
    described,
    read_whole,
    required,
)
from functions.findings.artifacts.owners import Owner, owner_in_meta, read_owner
from functions.run.text import one_line
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import Reader

# With as many, whatever they hold, the function stays below its 512 MB. dbt's own manifests of
# the size that is read have about half of the one and a tenth of the other.
MAX_OBJECTS = 1_000_000
MAX_PARENTS = 500_000


# A test reads a few nodes; whose the first of them are, it is.
MAX_TESTED = 5
MAX_CHECKSUM_CHARACTERS = 128
MAX_TAGS = 10
MAX_TAG_CHARACTERS = 60


class Node(Struct, frozen=True):
    original_file_path: str | None = None
    compiled_code: str | None = None
    relation_name: str | None = None
    tags: tuple[str, ...] = ()


class Exposure(Struct, frozen=True, kw_only=True):
    """What people use of a project's data, such as a dashboard; texts as they are."""

    unique_id: str
    name: str
    type: str | None = None
    maturity: str | None = None
    url: str | None = None
    owner: Owner | None = None


class _DependsOn(Struct):
    nodes: tuple[str, ...] = ()


class _Config(Struct):
    group: Raw = NULL
    meta: Raw = NULL


class _Checksum(Struct):
    """`name` is "none" for what has no file of its own, such as a generic test."""

    name: str = "none"
    checksum: str = ""


class _Node(Struct):
    """Of a node, a group or an exposure."""

    original_file_path: Raw = NULL
    compiled_code: Raw = NULL
    relation_name: Raw = NULL
    compiled_sql: Raw = NULL
    checksum: Raw = NULL
    depends_on: Raw = NULL
    attached_node: Raw = NULL
    group: Raw = NULL
    config: Raw = NULL
    meta: Raw = NULL
    tags: Raw = NULL
    owner: Raw = NULL
    name: Raw = NULL
    label: Raw = NULL
    type: Raw = NULL
    maturity: Raw = NULL
    url: Raw = NULL


class _File(Struct):
    nodes: Raw = Raw(b"{}")
    unit_tests: Raw = NULL
    sources: Raw = NULL
    exposures: Raw = NULL
    groups: Raw = NULL
    parent_map: Raw = NULL


Parents = Mapping[str, Sequence[str]]
Described = Mapping[str, Raw]

_FILE, _NODE, _NODES = Reader(_File), Reader(_Node), Reader(dict[str, Raw])
_DEPENDS_ON, _CONFIG, _TAGS = Reader(_DependsOn), Reader(_Config), Reader(tuple[str, ...])
_CHECKSUM = Reader(_Checksum)
_PARENT_MAP = Reader(dict[str, tuple[str, ...]])


class Manifest(Struct, frozen=True):
    """`parents` are what each node depends on directly. What it says of a node is read when it is
    asked for.
    """

    _nodes: Described = field(default_factory=dict)
    parents: Parents = field(default_factory=dict)
    _exposures: Described = field(default_factory=dict)
    _groups: Described = field(default_factory=dict)

    def node(self, unique_id: str) -> Node:
        """The node, or one of which nothing is known."""
        node = _read(self._nodes.get(unique_id))
        code = described(node.compiled_code, TEXT)
        tags = described(node.tags, _TAGS) or ()
        return Node(
            described(node.original_file_path, TEXT),
            described(node.compiled_sql, TEXT) if code is None else code,
            described(node.relation_name, TEXT),
            tuple(one_line(tag, MAX_TAG_CHARACTERS) for tag in tags[:MAX_TAGS]),
        )

    def checksum(self, unique_id: str) -> str | None:
        """dbt's checksum of the node's file; None for what has none, or is not known."""
        found = described(_read(self._nodes.get(unique_id)).checksum, _CHECKSUM)
        if found is None or found.name == "none":
            return None
        return found.checksum[:MAX_CHECKSUM_CHARACTERS] or None

    def owner(self, unique_id: str) -> Owner | None:
        """Whose a node is; a test without an owner is of whoever owns what it tests."""
        node = _read(self._nodes.get(unique_id))
        if (owner := self._own(unique_id, node)) or not unique_id.startswith(
            ("test.", "unit_test.")
        ):
            return owner
        depends_on = described(node.depends_on, _DEPENDS_ON)
        tested = (
            described(node.attached_node, TEXT),
            *(depends_on.nodes if depends_on else self.parents.get(unique_id, ()))[:MAX_TESTED],
        )
        owners = (self._own(one, _read(self._nodes.get(one))) for one in tested if one)
        return next(filter(None, owners), None)

    @property
    def exposures(self) -> Iterable[str]:
        return self._exposures.keys()

    def exposure(self, unique_id: str) -> Exposure:
        read = _read(self._exposures.get(unique_id))
        name = described(read.label, TEXT) or described(read.name, TEXT)
        return Exposure(
            unique_id=unique_id,
            name=name or unique_id.rpartition(".")[2],
            type=described(read.type, TEXT),
            maturity=described(read.maturity, TEXT),
            url=described(read.url, TEXT),
            owner=read_owner(read.owner),
        )

    def _own(self, unique_id: str, node: _Node) -> Owner | None:
        config = described(node.config, _CONFIG) or _Config()
        group = described(node.group, TEXT) or described(config.group, TEXT)
        return (
            (self._owner_of_group(unique_id, group) if group else None)
            or owner_in_meta(config.meta)
            or owner_in_meta(node.meta)
        )

    def _owner_of_group(self, unique_id: str, group: str) -> Owner | None:
        """Groups belong to packages: `group.jaffle.finance`."""
        package = unique_id.split(".")[1:2]
        found = self._groups.get(".".join(["group", *package, group]))
        return read_owner(_read(found).owner)

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
    described_nodes = (file.nodes, file.unit_tests, file.sources, file.exposures, file.groups)
    if sum(count(part, b"{") for part in described_nodes) > MAX_OBJECTS:
        raise NotUnderstoodError(f"its nodes hold more than {MAX_OBJECTS:,} objects")
    if count(file.parent_map, b'"') > 2 * MAX_PARENTS:
        raise NotUnderstoodError(f"its parent_map holds more than {MAX_PARENTS:,} names")
    sources = described(file.sources, _NODES) or {}
    unit_tests = described(file.unit_tests, _NODES) or {}
    nodes = sources | unit_tests | required("nodes", file.nodes, _NODES)
    exposures = described(file.exposures, _NODES) or {}
    groups = described(file.groups, _NODES) or {}
    parents: Parents | None = described(file.parent_map, _PARENT_MAP)
    if parents is None:
        parents = _parents(nodes | exposures)
    return Manifest(nodes, parents, exposures, groups)


def _read(raw: Raw | None) -> _Node:
    """What there is of a node; one that is not known, or no object, says nothing."""
    return (raw and described(raw, _NODE)) or _Node()


def _parents(nodes: Described) -> Parents:
    found = {
        unique_id: described(_read(node).depends_on, _DEPENDS_ON)
        for unique_id, node in nodes.items()
    }
    return {unique_id: needed.nodes for unique_id, needed in found.items() if needed}
