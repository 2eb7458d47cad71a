"""The rows of a run: a pure function of its event and its results.

First come a command's nodes, in the order of dbt's results, and then the command itself; the run
comes last. Reasons are those that page and message give. Of more failures than are kept by name
(5,000 and 1,000 warnings) the further ones have none.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from functions.findings.artifacts.artifact import MAX_ARTIFACT_BYTES
from functions.findings.artifacts.every_result import EveryResult, read_every
from functions.findings.finding import Finding, WhatFailed, cut
from functions.findings.grouping import fingerprint
from functions.findings.logs.ends import ReadEnd
from functions.rows.row import COMMAND, RUN, Row
from functions.run.event import Command, Environment, RunEvent
from functions.run.instants import to_text, to_text_if_known
from functions.run.inventory import ArchivedFile
from functions.run.outcome import run_state
from functions.run.plan import unique_commands
from functions.run.record import MAX_COMMAND_CHARACTERS, MAX_SETTING_CHARACTERS, told
from functions.shared.errors import NotUnderstoodError

# A row takes about 40 bytes, so an object has up to some 10 MB.
MAX_NODES = 250_000
MAX_REASON_CHARACTERS = 300


def rows(event: RunEvent, failed: WhatFailed, read_end: ReadEnd) -> Iterator[Row]:
    """The rows of a completed run, one at a time; `failed` is what was found out about the run.

    Raises:
        RunArchiveError: whatever reading raises, except that results cannot be understood.
    """
    new_row = _maker(event)
    reasons = {
        (finding.command_id, finding.unique_id): finding
        for finding in (*failed.failures, *failed.warnings)
    }
    results: defaultdict[int, list[ArchivedFile]] = defaultdict(list)
    for file in failed.results:
        results[file.planned.command_id].append(file)
    room = MAX_NODES
    for command in unique_commands(event):
        of_command = _of_command(event, command)
        nodes = (node for file in results[command.id] for node in _nodes(file, read_end))
        for node in islice(nodes, room):
            room -= 1
            finding = reasons.get((command.id, node.unique_id))
            yield new_row(**of_command, **_of_node(node), **_reason(finding))
        name = f"command {of_command['command_index']}"
        yield new_row(
            **of_command,
            type=COMMAND,
            status="error" if command.failed else "success",
            started_at=to_text_if_known(command.start_dttm),
            seconds=_between(command.start_dttm, command.end_dttm),
            **_reason(reasons.get((command.id, name))),
        )
    first = next((finding for finding in failed.failures if finding.healed_by is None), None)
    yield new_row(
        type=RUN,
        status=run_state(event)[:MAX_SETTING_CHARACTERS],
        started_at=to_text_if_known(event.start_dttm),
        seconds=_between(event.start_dttm, event.end_dttm),
        failures=failed.failure_count,
        **_reason(first),
    )


def _maker(event: RunEvent) -> Callable[..., Row]:
    environment = event.environment or Environment()
    run: dict[str, Any] = {
        "run_key": event.run_key,
        "workspace_uid": event.workspace.uid,
        "run_id": event.id,
        "schedule_name": event.schedule_name[:MAX_SETTING_CHARACTERS],
        "branch": told(environment.branch, MAX_SETTING_CHARACTERS),
        "commit_hash": told(environment.commit_hash, MAX_SETTING_CHARACTERS),
        "environment": told(event.schedule.environment, MAX_SETTING_CHARACTERS),
        "run_started_at": to_text(event.start_dttm),
    }

    def new_row(**columns: Any) -> Row:
        return Row(**run, **columns)

    return new_row


def _of_command(event: RunEvent, command: Command) -> dict[str, Any]:
    return {
        "command_index": event.positions[command.id],
        "command": told(command.command, MAX_COMMAND_CHARACTERS),
    }


def _nodes(file: ArchivedFile, read_end: ReadEnd) -> Iterator[EveryResult]:
    name = file.planned.path.rpartition("/")[2]
    try:
        yield from read_every(name, read_end(file.planned.key, MAX_ARTIFACT_BYTES))
    except NotUnderstoodError:
        return


def _of_node(node: EveryResult) -> dict[str, Any]:
    return {
        "type": node.unique_id.partition(".")[0],
        "status": node.status,
        "unique_id": node.unique_id,
        "started_at": to_text_if_known(node.started),
        "seconds": None if node.seconds is None else round(node.seconds, 3),
        "rows_affected": node.rows_affected,
        "bytes": node.bytes,
        "failures": node.failures,
        "batches": node.batches,
        "failed_batches": node.failed_batches,
    }


def _reason(finding: Finding | None) -> dict[str, Any]:
    if finding is None:
        return {"healed": False}
    return {
        "healed": finding.healed_by is not None,
        "reason": cut(finding.reason or "", MAX_REASON_CHARACTERS),
        "fingerprint": fingerprint(finding),
    }


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 3) if start and end else None
