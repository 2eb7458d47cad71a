"""Which address shows what, both ways.

Names stand in the query, not in the path: browsers take the names `.` and `..` out of a path, also
if they are encoded. A run's page ends in a slash, so that its links lead to the files below it.
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

_BROKEN = ("\\", "/", "\0")


@dataclass(frozen=True, slots=True)
class Home:
    """`wanted` are the filters, by the names of their fields."""

    wanted: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchedulePage:
    """`after` is the run after which the list goes on; empty for its beginning."""

    workspace_uid: str
    name: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class RunPage:
    workspace_uid: str
    run_id: str


@dataclass(frozen=True, slots=True)
class RunFile:
    """`path` is the file's, below the run's prefix."""

    workspace_uid: str
    run_id: str
    path: str


@dataclass(frozen=True, slots=True)
class NodePage:
    """`name` is a node's unique id, or its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Style:
    """The style sheet."""


Route = Home | SchedulePage | RunPage | RunFile | NodePage | Style


def route(address: str) -> Route | None:
    """What a request's path and query ask for; None if it is nothing that is here."""
    split = urlsplit(f"//host{address}") if address.startswith("/") else None
    if split is None:
        return None
    query = dict(parse_qsl(split.query, keep_blank_values=True))
    match [unquote(part, errors="replace") for part in split.path.split("/")[1:]]:
        case [""]:
            return Home(query)
        case ["style.css"]:
            return Style()
        case ["schedule"] if {"workspace", "name"} <= query.keys():
            return SchedulePage(query["workspace"], query["name"], query.get("after", ""))
        case ["node"] if "name" in query:
            return NodePage(query["name"])
        case ["runs", uid, run_id, ""] if run_id.isdecimal():
            return RunPage(uid, run_id)
        case ["runs", uid, run_id, *parts] if run_id.isdecimal() and all(map(_is_name, parts)):
            return RunFile(uid, run_id, "/".join(parts)) if parts else None
        case _:
            return None


def schedule_address(workspace_uid: str, name: str, after: str = "") -> str:
    query = {"workspace": workspace_uid, "name": name} | ({"after": after} if after else {})
    return f"/schedule?{urlencode(query)}"


def run_address(workspace_uid: str, run_id: object) -> str:
    return f"/runs/{quote(workspace_uid, safe='')}/{run_id}/"


def node_address(name: str) -> str:
    return f"/node?{urlencode({'name': name})}"


def _is_name(part: str) -> bool:
    return bool(part.strip(".")) and not any(mark in part for mark in _BROKEN)
