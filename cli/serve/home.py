"""All schedules with their last runs, those that fail first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cli.serve import pages
from cli.stack.reasons import why
from cli.stack.records import Record, whole_records
from cli.stack.schedules import all_schedules, standing
from cli.stack.target import Target
from cli.terminal.output import minute
from functions.aws.schedules import from_item
from functions.history.window import PastRun
from functions.run import instants
from functions.run.display import clock, counted, lasted

STRIP = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A schedule; the texts are of its last run, as far as its record is still there."""

    workspace_uid: str
    workspace: str
    name: str
    failing: bool
    standing: str
    last: str
    why: str
    owner: str
    branch: str
    strip: list[dict[str, Any]]
    order: tuple[bool, float]

    @property
    def searched(self) -> str:
        texts = (self.name, self.workspace, self.workspace_uid, self.why, self.owner, self.branch)
        return "\n".join(texts).casefold()


def page(target: Target, wanted: Mapping[str, str]) -> bytes:
    lines = read_lines(target)
    shown = [line for line in lines if is_wanted(line, wanted)]
    failing = sum(line.failing for line in shown)
    return pages.render(
        "home.html",
        {
            "stack": target.stack,
            "lines": sorted(shown, key=lambda line: line.order),
            "failing": failing,
            "heading": f"{failing} of {counted(len(shown), 'schedule')} "
            + ("fails" if failing == 1 else "fail"),
            "left_out": counted(len(lines) - len(shown), "schedule") if lines != shown else "",
            "wanted": {name: wanted.get(name, "") for name in ("q", "state", *_CHOICES)},
            "choices": {
                name: sorted({getattr(line, field) for line in lines} - {""})
                for name, field in _CHOICES.items()
            },
        },
    )


# The filters with a fixed choice, and what of a line they compare.
_CHOICES = {"schedule": "name", "owner": "owner", "branch": "branch"}


def is_wanted(line: Line, wanted: Mapping[str, str]) -> bool:
    """Whether a line passes all filters; an empty one lets all pass."""
    if (state := wanted.get("state")) and (state == "failing") != line.failing:
        return False
    if any(wanted.get(name) not in (None, "", getattr(line, f)) for name, f in _CHOICES.items()):
        return False
    return all(word in line.searched for word in wanted.get("q", "").casefold().split())


def read_lines(target: Target) -> list[Line]:
    states = [
        (item, state) for item in all_schedules(target) if (state := from_item(item)) and state.runs
    ]
    last_runs = ({"run_key": _run_key(item, state.runs[-1])} for item, state in states)
    records = {record["run_key"]: record for record in whole_records(target, last_runs)}
    return [
        _line(item, state.runs, records.get(_run_key(item, state.runs[-1]), {}))
        for item, state in states
    ]


def _run_key(item: Mapping[str, Any], run: PastRun) -> str:
    return f"{item['workspace_uid']}#{run.run_id}"


def _line(item: Mapping[str, Any], runs: Iterable[PastRun], record: Record) -> Line:
    uid, newest = str(item["workspace_uid"]), list(runs)[-STRIP:]
    last = newest[-1]
    failing = bool(item.get("failed_in_a_row"))
    since = instants.from_text(item["failing_since"]) if failing else last.started_at
    return Line(
        workspace_uid=uid,
        workspace=record.get("workspace_name") or uid,
        name=record.get("schedule_name") or str(item["schedule_key"]).removeprefix(f"{uid}#"),
        failing=failing,
        standing=standing(dict(item)) or "succeeded",
        last=minute(last.started_at.isoformat()),
        why=why(record) if last.failed else "",
        owner=record.get("owner_email") or record.get("email") or record.get("actor") or "",
        branch=record.get("branch") or "",
        strip=[_cell(run) for run in newest],
        order=(not failing, -since.timestamp()),
    )


def _cell(run: PastRun) -> dict[str, Any]:
    state = "failed" if run.failed else "succeeded"
    took = "" if run.seconds is None else f", {lasted(run.seconds)}"
    return {
        "run_id": run.run_id,
        "failed": run.failed,
        "title": f"Run {run.run_id} {state}, {clock(run.started_at)}{took}",
    }
