"""`index.html`: a page that shows what a run's archive contains, and first of all what failed.

Every part is bounded: what does not fit is counted, and is in the JSON files beside the page. The
page does not say when it was made: archiving the same event twice gives the same bytes.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from functions.findings.finding import WhatFailed
from functions.findings.logs.ends import Logs
from functions.history.telling import History
from functions.history.words import facts, failing_since
from functions.report import commands as report_commands
from functions.report import files as report_files
from functions.report import findings as report_findings
from functions.report.page import page
from functions.run.archive_outcome import Step, next_steps
from functions.run.display import clock, counted, lasted, left_out
from functions.run.event import Deferral, Environment, RunEvent
from functions.run.inventory import Contents
from functions.run.outcome import run_failed, run_state
from functions.run.plan import unique_commands
from functions.run.text import (
    deferred_to,
    ended,
    https_url,
    kind_of_run,
    one_line,
    schedule_title,
    skipped_in_words,
    stale_lead,
)

MAX_WHY = 3
MAX_STALE = 10
MAX_OWNERS = 5
MAX_ERROR_CHARACTERS = 500


class Report(Struct, frozen=True, kw_only=True):
    """What the page is made of.

    `own` are the archive's own files and their sizes.
    """

    event: RunEvent
    prefix: str
    failed: WhatFailed
    logs: Logs
    held: Contents
    history: History
    own: Mapping[str, int]


def render(report: Report) -> bytes:
    """The page in UTF-8, under 2 MB."""
    event, failed, held = report.event, report.failed, report.held
    state = one_line(run_state(event), 40)
    parts = {
        "timeline": report_commands.timeline(event),
        "findings": report_findings.findings(event, report.prefix, failed),
        "skipped": report_findings.skipped(failed),
        "logs": report_files.logs(event, report.prefix, report.logs),
        "absent": report_files.absent(report.prefix, held, failed),
        "files": report_files.files(event, report.prefix, held.files, report.own),
    }
    return page(
        {
            "run_id": event.id,
            "schedule": schedule_title(event.schedule_name),
            "workspace": one_line(event.workspace.name) or event.workspace.uid,
            "state": state,
            "tone": "failed" if run_failed(event) else state,
            "lead": _lead(event, failed),
            "why": report_findings.why(event, failed, MAX_WHY),
            "more_why": _more_why(failed),
            "history": _history(report),
            "stale": _stale(failed),
            "skipped_models": skipped_in_words(failed.layers),
            "error_string": one_line(event.error_string, MAX_ERROR_CHARACTERS),
            "incomplete": not held.complete,
            "given_up": one_line(held.error, MAX_ERROR_CHARACTERS),
            "facts": {name: fact for name, fact in _facts(event, failed).items() if fact},
            "run_url": https_url(event.run_url),
            "steps": _steps(event, given_up=held.error is not None),
            "sections": list(_sections(parts)),
            **parts,
        }
    )


def _more_why(failed: WhatFailed) -> str:
    more = failed.failure_count - sum(group.count for group in failed.groups[:MAX_WHY])
    return f"{more:,}" if more > 0 else ""


def _steps(event: RunEvent, *, given_up: bool) -> list[Step]:
    if not run_failed(event):
        return []
    return next_steps(event.workspace.uid, event.id, "failed" if given_up else None)


def _history(report: Report) -> list[str]:
    if not run_failed(report.event):
        return []
    return list(filter(None, [failing_since(report.history), *facts(report.history)]))


def _stale(failed: WhatFailed) -> dict[str, Any]:
    """How many of what people use are stale, and the first of them."""
    if not failed.exposures:
        return {}
    types = (exposure.type for exposure in failed.exposures)
    shown = failed.exposures[:MAX_STALE]
    return {
        "lead": f"{stale_lead(types, failed.exposure_count)}:",
        "exposures": [
            {
                "name": one_line(exposure.name),
                "url": exposure.url,
                "aside": ", ".join(
                    one_line(text) for text in (exposure.maturity, exposure.owner) if text
                ),
            }
            for exposure in shown
        ],
        "more": left_out(failed.exposure_count - len(shown), "other"),
    }


def _owners(event: RunEvent, failed: WhatFailed) -> str:
    of_schedule = one_line(event.schedule.owner_email)
    owners = failed.owners[:MAX_OWNERS] or [of_schedule]
    return ", ".join(filter(None, owners))


def _lead(event: RunEvent, failed: WhatFailed) -> dict[str, str]:
    """A sentence with a command in the middle: which command failed, and what in it."""
    commands = unique_commands(event)
    broken = [command for command in commands if command.failed]
    of = f"of {len(commands):,}"
    results = report_findings.counts(event, failed)
    after = f": {results}." if results else "."
    if len(broken) == 1:
        position = event.positions[broken[0].id]
        return {
            "before": f"Command {position} {of}, ",
            "command": report_commands.command_text(broken[0]),
            "after": f", {ended(broken[0].return_code, broken[0].status)}{after}",
        }
    if broken:
        return {
            "before": f"{len(broken):,} {of} commands failed, the first of them ",
            "command": report_commands.command_text(broken[0]),
            "after": after,
        }
    if run_failed(event):
        before = "No command failed, but the run did" if commands else "No command was run"
    else:
        before = f"{counted(len(commands), 'command')} ran and none failed"
    return {"before": before, "command": "", "after": after}


def _facts(event: RunEvent, failed: WhatFailed) -> dict[str, str]:
    environment, schedule = event.environment or Environment(), event.schedule
    deferral = schedule.deferral or Deferral()
    start, end = event.start_dttm, event.end_dttm
    workspace = " ".join(filter(None, (one_line(event.workspace.name), event.workspace.uid)))
    return {
        "Started": clock(start),
        "Ended": _ended(start, end) if end else "",
        "Started by": ", ".join(
            filter(None, (one_line(environment.actor), one_line(environment.email)))
        ),
        # Beside the one before, since an owner takes the whole width.
        "Environment": one_line(schedule.environment),
        "Owner": _owners(event, failed) if run_failed(event) else one_line(schedule.owner_email),
        "Kind": kind_of_run(
            turbo_ci=schedule.is_turbo_ci,
            pull_request_id=environment.pull_request_id,
            parent_run_id=event.parent_schedule_run_id,
        ),
        "Deferred to": deferred_to(deferral.schedule, deferral.environment),
        "Workspace": workspace,
        "Branch": one_line(environment.branch),
        "Commit": one_line(environment.commit_hash),
    }


def _ended(start: datetime, end: datetime) -> str:
    """Such as `16:44:39 UTC, after 38 s`: one line on a phone; with the date if it is another."""
    when = f"{end:%H:%M:%S} UTC" if end.date() == start.date() else clock(end)
    return f"{when}, after {lasted((end - start).total_seconds())}"


def _sections(parts: Mapping[str, Any]) -> Iterator[Any]:
    """The parts that are not empty, for the links at the top."""
    in_order = [
        parts["timeline"],
        *parts["findings"],
        parts["skipped"],
        parts["logs"],
        parts["absent"],
        parts["files"],
    ]
    return (part for part in in_order if part["count"])
