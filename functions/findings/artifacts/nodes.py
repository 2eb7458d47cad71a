"""What a node's unique id says."""

import re

from msgspec import Struct

_UNIQUE_ID = re.compile(r"(?P<kind>[a-z_]+)\.(?P<package>\w+)\.(?P<name>.+)", re.DOTALL)
_HOOK = re.compile(r"-on-run-(?:start|end)-\d+\Z")
_TEST_DIGEST = re.compile(r"\.[0-9a-f]{10}$")


class NodeName(Struct, frozen=True):
    """`kind` is dbt's resource type in words: `model`, `unit test`."""

    kind: str
    package: str
    name: str

    @property
    def kind_in_words(self) -> str:
        """What people call it: dbt runs hooks as operations."""
        return "hook" if self.kind == "operation" and _HOOK.search(self.name) else self.kind


def is_hook_at_start(unique_id: str) -> bool:
    """One after whose failure dbt may build nothing: `skip_nodes_if_on_run_start_fails`."""
    return unique_id.startswith("operation.") and "-on-run-start-" in unique_id


def named(unique_id: str) -> NodeName:
    """Takes `<kind>.<package>.<name>` apart; an id of another form is a name of no kind.

    The digest at the end of a generic test's id only tells equal names apart, and is left out.
    """
    parts = _UNIQUE_ID.fullmatch(unique_id)
    if parts is None:
        return NodeName("", "", unique_id)
    name = _TEST_DIGEST.sub("", parts["name"]) if parts["kind"] == "test" else parts["name"]
    return NodeName(parts["kind"].replace("_", " "), parts["package"], name)
