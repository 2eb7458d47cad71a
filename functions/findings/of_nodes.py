"""Findings about nodes: what results, manifest and log say of each, in texts within bounds."""

import re
from collections.abc import Collection, Iterable

from functions.findings.artifacts.manifest import Manifest, Node
from functions.findings.artifacts.nodes import named
from functions.findings.artifacts.results import MAX_ID_CHARACTERS, NodeResult
from functions.findings.artifacts.statuses import FAILED, WARNED
from functions.findings.excerpt import Excerpt, excerpt, points_at_a_line
from functions.findings.finding import MAX_REASON_CHARACTERS, Finding, told
from functions.findings.logs import console
from functions.findings.logs.reading import Reading
from functions.findings.logs.telling import says_nothing, telling_line
from functions.run.display import counted
from functions.run.masking import without_secrets

# Thousands of nodes can fail in one run: the first of them are told in full.
MAX_TOLD_IN_FULL = 200
MAX_MESSAGE_CHARACTERS = 10_000
MAX_CODE_CHARACTERS = 20_000
MAX_FURTHER_CHARACTERS = 2_000
# Of a run, of which the rest is told by the beginning of each message, and without SQL.
ROOM_FOR_MESSAGES = 1_000_000
ROOM_FOR_CODE = 4_000_000
MAX_BEYOND_CHARACTERS = 300

# What tells stands at the beginning of a message, or in a traceback at its end.
_TOLD_FROM_BEGIN = 3_000
_TOLD_FROM_END = 1_000

# dbt says of a hook as well that it had one failure.
_COUNTED = ("test", "unit test", "")

_BLANK_LINES = re.compile(r"\A(?:[ \t\r]*\n)+")


class NodeFindings:
    """Makes the findings of a run's nodes; the further ones get what room is left."""

    def __init__(self) -> None:
        self._made = 0
        self._room_for_messages = ROOM_FOR_MESSAGES
        self._room_for_code = ROOM_FOR_CODE

    def make(
        self,
        result: NodeResult,
        command_id: int,
        graph: Manifest,
        reading: Reading,
        took_down: int | None,
        found_in: str | None,
    ) -> Finding:
        in_full = self._made < MAX_TOLD_IN_FULL
        self._made += 1
        node = graph.node(result.unique_id)
        said = said_of(result, node.original_file_path, reading)
        most = MAX_MESSAGE_CHARACTERS if in_full else MAX_FURTHER_CHARACTERS
        message = told(said, most if self._room_for_messages > 0 else MAX_BEYOND_CHARACTERS)
        reason = telling_line(_to_be_told_from(said, message), MAX_REASON_CHARACTERS)
        self._room_for_messages -= len(message or "")
        code = _BLANK_LINES.sub("", result.compiled_code or node.compiled_code or "").rstrip()
        most = MAX_CODE_CHARACTERS if in_full else MAX_FURTHER_CHARACTERS
        shown_code = told(code, most) if self._room_for_code > 0 else None
        self._room_for_code -= len(shown_code or "")
        kind = named(result.unique_id).kind
        return Finding(
            unique_id=result.unique_id,
            status=result.status,
            message=message,
            reason=reason or None,
            command_id=command_id,
            failures=result.failures if kind in _COUNTED else None,
            execution_time=result.execution_time,
            path=node.original_file_path,
            compiled_code=shown_code,
            code_near=_excerpt(message or "", code) if in_full else None,
            relation_name=_stored_rows(result, node),
            failed_batches=result.failed_batches,
            failed_batch_count=result.failed_batch_count,
            found_in=found_in,
            took_down=took_down,
            owner=owner.address if (owner := graph.owner(result.unique_id)) else None,
            tags=node.tags,
        )


def blamed(failed: Iterable[NodeResult], graph: Manifest, reading: Reading) -> dict[str, bool]:
    """The nodes that are blamed for what they have no part in, and whether they were built.

    dbt Fusion calls each node of an invocation an error that has nothing but a word for a message,
    and took no time, when something in front of all of them fails (a driver, a hook), or behind
    them. The log then has one cause, and names at most the node where it came up.
    """
    if reading.reason is None:
        return {}
    others = False
    found: dict[str, bool] = {}
    for result in failed:
        path = graph.node(result.unique_id).original_file_path
        if (
            result.execution_time
            or not says_nothing(_in_short(result.message or ""))
            or _of_log(result, path, reading)
        ):
            others = True
        else:
            name = named(result.unique_id).name
            built = name in reading.steps.succeeded
            if name in reading.steps.started and not built:
                others = True
            else:
                found[result.unique_id] = built
    return found if others or len(found) > 1 else {}


def of_sources(reading: Reading, graph: Manifest, known: Collection[str]) -> list[NodeResult]:
    """The sources of which only the log says that they failed."""
    found = []
    for name in reading.steps.failed_sources:
        unique_id = graph.source_id(name) or f"source.{name}"
        if unique_id in known or any(one.endswith(f".{name}") for one in known):
            continue
        lines = reading.nodes.by_name.get(("source", name.rpartition(".")[2]))
        if lines is None and reading.reason:
            lines = reading.reason.lines
        found.append(
            NodeResult(unique_id=unique_id, status="error", message="\n".join(lines or ()))
        )
    return found


def said_of(result: NodeResult, path: str | None, reading: Reading) -> str:
    """A node's message; below one that only says that it failed, what the log or the count does."""
    message = console.without_escapes(result.message or "").strip("\n").rstrip()
    if not says_nothing(_in_short(message)):
        return message
    lines = _of_log(result, path, reading)
    if result.failures and not lines and result.status in ("fail", WARNED):
        return counted(result.failures, "failing row")
    if (
        not lines
        and result.status in FAILED
        and reading.reason
        and not reading.reason.rule.of_a_node
    ):
        lines = reading.reason.lines
    return "\n".join(filter(None, (message, *lines)))


def _stored_rows(result: NodeResult, node: Node) -> str | None:
    """The table of a test's failing rows: of any other node it would be that of the node itself."""
    if not result.unique_id.startswith("test.") or result.status not in ("fail", WARNED):
        return None
    name = result.relation_name or node.relation_name
    return name[:MAX_ID_CHARACTERS] if name else None


def _excerpt(message: str, code: str) -> Excerpt | None:
    return excerpt(message, without_secrets(code)) if points_at_a_line(message) else None


def _of_log(result: NodeResult, path: str | None, reading: Reading) -> tuple[str, ...]:
    node = named(result.unique_id)
    # A unit test's id has the name of its model before its own.
    name = node.name.rpartition(".")[2] if node.kind == "unit test" else node.name
    return reading.nodes.of(result.unique_id, kind=node.kind, name=name, path=path)


def _to_be_told_from(said: str, message: str | None) -> str:
    """Of a message that is shown in short, its beginning; otherwise all that may tell."""
    return _in_short(said) if len(message or "") > MAX_BEYOND_CHARACTERS else (message or "")


def _in_short(message: str) -> str:
    if len(message) <= _TOLD_FROM_BEGIN + _TOLD_FROM_END:
        return message
    return f"{message[:_TOLD_FROM_BEGIN]}\n{message[-_TOLD_FROM_END:]}"
