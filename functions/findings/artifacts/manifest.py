"""dbt's `manifest.json`, as far as it tells where a node is and what it depends on.

Source: the published schemas v0 to v12 of "manifest". `parent_map` is in all of them but may be
null; `compiled_code` was `compiled_sql` up to v6.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AliasChoices, Field

from functions.findings.artifacts.artifact import Part, parse
from functions.run.fields import ODD_IS_ABSENT, Text

_Ids = Annotated[tuple[str, ...] | None, ODD_IS_ABSENT]


class _DependsOn(Part):
    nodes: _Ids = None


class Node(Part):
    original_file_path: Text = None
    compiled_code: Annotated[
        Text, Field(validation_alias=AliasChoices("compiled_code", "compiled_sql"))
    ] = None
    depends_on: Annotated[_DependsOn | None, ODD_IS_ABSENT] = None


class Manifest(Part):
    nodes: dict[str, Node] = Field(default_factory=dict)
    unit_tests: Annotated[dict[str, Node] | None, ODD_IS_ABSENT] = None
    parent_map: Annotated[dict[str, tuple[str, ...]] | None, ODD_IS_ABSENT] = None

    def node(self, unique_id: str) -> Node:
        """The node, or one of which nothing is known."""
        return self.nodes.get(unique_id) or (self.unit_tests or {}).get(unique_id) or Node()

    @property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """What each node depends on directly."""
        if self.parent_map is not None:
            return self.parent_map
        nodes = self.nodes | (self.unit_tests or {})
        return {
            unique_id: node.depends_on.nodes or ()
            for unique_id, node in nodes.items()
            if node.depends_on
        }


def read(body: bytes) -> Manifest:
    """Reads a manifest.

    Raises:
        NotUnderstoodError: over the bounds, not JSON, or of another shape.
    """
    return parse(Manifest, body)
