"""The parts of the page that say what failed, what warned, and what was skipped."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from functions.findings.artifacts.nodes import named
from functions.findings.artifacts.statuses import WARNED
from functions.findings.finding import Finding, Group, SkippedNodes, WhatFailed
from functions.findings.grouping import in_words
from functions.findings.logs.telling import telling_line
from functions.report.difference import difference
from functions.report.links import href
from functions.report.page import fit, piece
from functions.run.display import counted, left_out, precise_seconds
from functions.run.event import Command, RunEvent
from functions.run.plan import unique_commands
from functions.run.text import healed_in_words, listed, one_line

# Bytes of the page. The first findings are shown with all that is known, the others in a line.
ROOM_FOR_FAILED = 250_000
ROOM_FOR_FAILED_ROWS = 900_000
ROOM_FOR_WARNINGS = 80_000
ROOM_FOR_WARNING_ROWS = 50_000
ROOM_FOR_SKIPPED = 100_000
ROOM_FOR_CAUSES = 30_000
ROOM_FOR_HEALED = 100_000
MAX_IN_FULL = 50
MAX_BATCHES = 5
MAX_CAUSES = 5
MAX_OPEN_NAMES = 12
MAX_NAMES = 200
MAX_NAME_CHARACTERS = 200
MAX_GIST_CHARACTERS = 160

_MIDNIGHT = re.compile(r"[T ]00:00(?::00)?(?:\+00:00|Z)?\Z")


def findings(event: RunEvent, prefix: str, failed: WhatFailed) -> list[dict[str, Any]]:
    """What failed, what warned, and what was healed."""
    views = _FindingViews(event, prefix)
    causes = _causes(failed)
    room = ROOM_FOR_FAILED_ROWS - len(causes["causes"])
    broken = views.part(
        "failed",
        "What failed",
        failed.broken,
        failed.failure_count,
        (ROOM_FOR_FAILED, room),
    )
    room -= len(broken["rows"])
    return [
        broken | causes,
        views.part(
            "warnings",
            "Warnings",
            failed.warnings,
            failed.warning_count,
            (ROOM_FOR_WARNINGS, ROOM_FOR_WARNING_ROWS),
        ),
        views.part(
            "healed",
            "Healed by a later command",
            failed.healed,
            len(failed.healed),
            (min(ROOM_FOR_HEALED, room), 0),
        ),
    ]


def _causes(failed: WhatFailed) -> dict[str, Any]:
    """The causes of several failures each, if there are any."""
    several = [group for group in failed.groups if len(group.unique_ids) > 1]
    html, shown = fit((piece("cause", _cause(group)) for group in several), ROOM_FOR_CAUSES)
    return {"causes": html, "more_causes": left_out(len(several) - shown, "cause")}


def _cause(group: Group) -> dict[str, Any]:
    names = [_name(unique_id) for unique_id in group.unique_ids]
    more = group.count - len(names)
    return {
        "what": one_line(group.what, MAX_NAME_CHARACTERS),
        "gist": telling_line(group.reason, MAX_GIST_CHARACTERS),
        "names": ", ".join([*names, f"{more:,} more"] if more else names),
    }


def skipped(failed: WhatFailed) -> dict[str, Any]:
    """The skipped nodes, each group with the failing nodes behind it, the largest first."""
    groups = sorted(failed.skipped, key=lambda group: -group.count)
    html, shown = fit((piece("skipped", _group(group)) for group in groups), ROOM_FOR_SKIPPED)
    return {
        "id": "skipped",
        "title": "Skipped",
        "count": failed.skipped_count,
        "html": html,
        "more": left_out(
            failed.skipped_count - sum(group.count for group in groups[:shown]), "node"
        ),
    }


def counts(event: RunEvent, failed: WhatFailed) -> str:
    """Such as `2 tests and 1 model failed, 9 nodes were skipped, 1 warning`; empty if none."""
    # A node that failed in several commands is one node.
    nodes = dict.fromkeys(finding.unique_id for finding in failed.broken)
    kinds = Counter(kind for node in nodes if (kind := named(node).kind_in_words))
    if more := failed.failure_count - len(failed.broken):
        kinds["other node"] = more
    parts = []
    if kinds:
        parts.append(f"{in_words(kinds)} failed")
    if healed := healed_in_words(len(failed.healed), failed.healers(event)):
        parts.append(healed)
    if number := failed.skipped_count:
        parts.append(f"{counted(number, 'node')} {'was' if number == 1 else 'were'} skipped")
    if failed.warning_count:
        parts.append(counted(failed.warning_count, "warning"))
    return ", ".join(parts)


def why(event: RunEvent, failed: WhatFailed, most: int) -> list[dict[str, Any]]:
    """The first causes, or what alone has failed of one, each in two lines."""
    views = _FindingViews(event, "")
    first = {finding.unique_id: finding for finding in reversed(failed.broken)}
    return [
        views.view(first[group.unique_ids[0]], "")
        if len(group.unique_ids) == 1
        else {
            "name": one_line(group.what, MAX_NAME_CHARACTERS),
            "kind": "",
            "is_code": False,
            "gist": telling_line(group.reason, MAX_GIST_CHARACTERS),
        }
        for group in failed.groups[:most]
    ]


class _FindingViews:
    def __init__(self, event: RunEvent, prefix: str) -> None:
        self._event = event
        self._prefix = prefix
        self._commands = {command.id: command for command in unique_commands(event)}

    def part(
        self,
        section: str,
        title: str,
        found: Sequence[Finding],
        count: int,
        rooms: tuple[int, int],
    ) -> dict[str, Any]:
        room, room_for_rows = rooms
        in_full = (
            piece("node", self.view(finding, f"{section}-{position}"))
            for position, finding in enumerate(islice(found, MAX_IN_FULL), start=1)
        )
        nodes, shown = fit(in_full, room)
        rows, more = fit(
            (piece("row", self.view(finding, "")) for finding in found[shown:]), room_for_rows
        )
        return {
            "id": section,
            "title": title,
            "count": count,
            "nodes": nodes,
            "rows": rows,
            "more": left_out(count - shown - more, "other"),
            "causes": "",
        }

    def view(self, finding: Finding, anchor: str) -> dict[str, Any]:
        node = named(finding.unique_id)
        command = self._commands.get(finding.command_id or 0)
        # A command that left no results stands for itself.
        name = node.name if node.kind or command is None else command.command
        return {
            "anchor": anchor,
            "tone": "warn" if finding.status == WARNED else "bad",
            "status": one_line(finding.status, 40),
            "name": one_line(name, MAX_NAME_CHARACTERS),
            "kind": node.kind_in_words,
            "is_code": not node.kind,
            "gist": telling_line(finding.reason, MAX_GIST_CHARACTERS),
            "meta": list(filter(None, self._meta(finding, command))),
            "message": finding.message,
            "difference": difference(finding.message) if node.kind == "unit test" else None,
            "table": finding.relation_name,
            "batches": _batches(finding),
            "near": list(_numbered(finding)),
            "near_title": f"SQL around line {finding.code_near.line}" if finding.code_near else "",
            "cut": self._whole(finding),
            "took_down": f"{counted(finding.took_down, 'node')} skipped"
            if finding.took_down
            else "",
            "code": finding.compiled_code,
            "code_title": f"Compiled {'Python' if _is_python(finding) else 'SQL'}",
        }

    def _whole(self, finding: Finding) -> str:
        """Where the whole of a code is that was cut, below the page."""
        is_cut = (finding.compiled_code or "").endswith("…")
        return href(self._prefix, finding.found_in) if is_cut and finding.found_in else ""

    def _meta(self, finding: Finding, command: Command | None) -> list[str]:
        node = named(finding.unique_id)
        ran = finding.execution_time
        healed = self._commands.get(finding.healed_by or 0)
        return [
            f"{node.kind_in_words} of {node.package}" if node.kind else "",
            one_line(finding.path, MAX_NAME_CHARACTERS),
            counted(finding.failures, "failing row") if finding.failures else "",
            f"command {self._event.positions[command.id]}" if command else "",
            "" if ran is None else precise_seconds(ran),
            f"healed by command {self._event.positions[healed.id]}" if healed else "",
            f"owner: {finding.owner}" if finding.owner else "",
            f"tags: {', '.join(finding.tags)}" if finding.tags else "",
        ]


def _group(group: SkippedNodes) -> dict[str, Any]:
    count = group.count
    causes = [_name(cause) for cause in group.causes[:MAX_CAUSES]]
    if (more := group.cause_count - len(causes)) > 0:
        # Which causes are not listed, and how many, may differ from node to node.
        up_to = "up to " if group.cause_count > len(group.causes) else ""
        causes.append(f"{up_to}{more:,} more")
    return {
        "title": counted(count, "node"),
        "relation": "because of" if causes else "of unknown cause:",
        "causes": listed(causes) if causes else group.unknown,
        "open": count <= MAX_OPEN_NAMES,
        "names": [_name(unique_id) for unique_id in group.unique_ids[:MAX_NAMES]],
        "more": left_out(count - MAX_NAMES, "other"),
    }


def _batches(finding: Finding) -> str:
    """Such as `2 batches failed: 2024-04-28 to 2024-04-29 and 2024-04-30 to 2024-05-01`."""
    if not finding.failed_batch_count:
        return ""
    spans = [
        f"{one_line(_day(begin), 40)} to {one_line(_day(end), 40)}"
        for begin, end in finding.failed_batches[:MAX_BATCHES]
    ]
    if more := finding.failed_batch_count - len(spans):
        spans.append(f"{more:,} more")
    return f"{counted(finding.failed_batch_count, 'batch')} failed: {listed(spans)}"


def _day(instant: str) -> str:
    """The day alone of an instant at midnight."""
    return _MIDNIGHT.sub("", instant)


def _numbered(finding: Finding) -> Iterator[dict[str, Any]]:
    near = finding.code_near
    for number, line in enumerate(
        near.text.split("\n") if near else (), near.first_line if near else 0
    ):
        yield {
            "number": f"{number:>5}",
            "text": line,
            "here": near is not None and number == near.line,
        }


def _is_python(finding: Finding) -> bool:
    return (finding.path or "").endswith(".py")


def _name(unique_id: str) -> str:
    return one_line(named(unique_id).name, MAX_NAME_CHARACTERS)
