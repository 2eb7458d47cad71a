"""The parts of the page that say what failed, what warned, and what was skipped."""

from collections import Counter
from itertools import islice
from typing import Any

from functions.findings.artifacts.nodes import named
from functions.findings.artifacts.statuses import WARNED
from functions.findings.finding import Finding, SkippedNodes, WhatFailed
from functions.findings.logs.telling import telling_line
from functions.report.page import fit, piece
from functions.run.display import counted, left_out, precise_seconds
from functions.run.event import Command, RunEvent
from functions.run.plan import unique_commands
from functions.run.text import listed, one_line

# Bytes of the page. The first findings are shown with all that is known, the others in a line.
ROOM_FOR_FAILED = 250_000
ROOM_FOR_FAILED_ROWS = 900_000
ROOM_FOR_WARNINGS = 80_000
ROOM_FOR_WARNING_ROWS = 50_000
ROOM_FOR_SKIPPED = 100_000
MAX_IN_FULL = 50
MAX_CAUSES = 5
MAX_OPEN_NAMES = 12
MAX_NAMES = 200
MAX_NAME_CHARACTERS = 200
MAX_GIST_CHARACTERS = 160


def findings(event: RunEvent, failed: WhatFailed) -> list[dict[str, Any]]:
    """What failed, and what warned."""
    views = _FindingViews(event, failed)
    return [
        views.part(
            "failed",
            "What failed",
            failed.failures,
            failed.failure_count,
            (ROOM_FOR_FAILED, ROOM_FOR_FAILED_ROWS),
        ),
        views.part(
            "warnings",
            "Warnings",
            failed.warnings,
            failed.warning_count,
            (ROOM_FOR_WARNINGS, ROOM_FOR_WARNING_ROWS),
        ),
    ]


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


def counts(failed: WhatFailed) -> str:
    """Such as `2 tests and 1 model failed, 9 nodes were skipped, 1 warning`; empty if none."""
    kinds = Counter(kind for f in failed.failures if (kind := named(f.unique_id).kind))
    if more := failed.failure_count - len(failed.failures):
        kinds["other node"] = more
    parts = []
    if kinds:
        nodes = [counted(number, kind) for kind, number in kinds.most_common()]
        parts.append(f"{listed(nodes)} failed")
    if number := failed.skipped_count:
        parts.append(f"{counted(number, 'node')} {'was' if number == 1 else 'were'} skipped")
    if failed.warning_count:
        parts.append(counted(failed.warning_count, "warning"))
    return ", ".join(parts)


def why(event: RunEvent, failed: WhatFailed, most: int) -> list[dict[str, Any]]:
    """The first of what failed, each in two lines."""
    views = _FindingViews(event, failed)
    return [views.view(finding, "") for finding in failed.failures[:most]]


class _FindingViews:
    def __init__(self, event: RunEvent, failed: WhatFailed) -> None:
        self._event = event
        self._commands = {command.id: command for command in unique_commands(event)}

    def part(
        self,
        section: str,
        title: str,
        found: tuple[Finding, ...],
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
            "kind": node.kind,
            "is_code": not node.kind,
            "gist": telling_line(finding.reason, MAX_GIST_CHARACTERS),
            "meta": list(filter(None, self._meta(finding, command))),
            "message": finding.message,
            "took_down": f"{counted(finding.took_down, 'node')} skipped"
            if finding.took_down
            else "",
            "code": finding.compiled_code,
            "code_title": f"Compiled {'Python' if _is_python(finding) else 'SQL'}",
        }

    def _meta(self, finding: Finding, command: Command | None) -> list[str]:
        node = named(finding.unique_id)
        ran = finding.execution_time
        return [
            f"{node.kind} of {node.package}" if node.kind else "",
            one_line(finding.path, MAX_NAME_CHARACTERS),
            counted(finding.failures, "failing row") if finding.failures else "",
            f"command {self._event.positions[command.id]}" if command else "",
            "" if ran is None else precise_seconds(ran),
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


def _is_python(finding: Finding) -> bool:
    return (finding.path or "").endswith(".py")


def _name(unique_id: str) -> str:
    return one_line(named(unique_id).name, MAX_NAME_CHARACTERS)
