"""What a node's unique id and its message say, in short."""

import re
from dataclasses import dataclass

from functions.run.text import one_line

_UNIQUE_ID = re.compile(r"(?P<kind>[a-z_]+)\.(?P<package>\w+)\.(?P<name>.+)", re.DOTALL)
_TEST_DIGEST = re.compile(r"\.[0-9a-f]{10}$")
# dbt names the node again before it says what is wrong: "Database Error in model a (models/a.sql)".
_DBT_HEADING = re.compile(r"[A-Z]\w+ Error in \w+ \S+ \(.*\)")


@dataclass(frozen=True, slots=True)
class NodeName:
    """`kind` is dbt's resource type in words: `model`, `unit test`."""

    kind: str
    package: str
    name: str


def named(unique_id: str) -> NodeName:
    """Takes `<kind>.<package>.<name>` apart; an id of another form is a name of no kind.

    The digest at the end of a generic test's id only tells equal names apart, and is left out.
    """
    parts = _UNIQUE_ID.fullmatch(unique_id)
    if parts is None:
        return NodeName("", "", unique_id)
    name = _TEST_DIGEST.sub("", parts["name"]) if parts["kind"] == "test" else parts["name"]
    return NodeName(parts["kind"].replace("_", " "), parts["package"], name)


def telling_line(message: object) -> str:
    """The first line of a node's message that says what is wrong; empty if there is none."""
    lines = [line for line in map(one_line, str(message or "").splitlines()) if line]
    if len(lines) > 1 and _DBT_HEADING.fullmatch(lines[0]):
        return lines[1]
    return lines[0] if lines else ""
