"""A schedule: its runs, how long they took, and which nodes fail how often."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from cli.serve import pages
from cli.serve.routes import SchedulePage
from cli.stack.failures import failures_of
from cli.stack.records import Record, list_runs, read_run, whole_records
from cli.stack.schedules import read_schedule, standing
from cli.stack.target import Target
from cli.terminal.output import minute
from functions.findings.artifacts.nodes import named
from functions.run.display import counted, lasted

MOST_RUNS = 1_000
MOST_READ = 30
MOST_NODES = 20
WIDTH = 1_000


def page(target: Target, asked: SchedulePage) -> bytes:
    after = read_run(target, f"{asked.workspace_uid}/{asked.after}") if asked.after else None
    listed = list_runs(target, workspace=asked.workspace_uid, schedule=asked.name, after=after)
    runs = list(islice(listed, MOST_RUNS + 1))
    more, runs = len(runs) > MOST_RUNS, runs[:MOST_RUNS]
    state = read_schedule(target, asked.workspace_uid, asked.name) or {}
    failed = [run for run in runs if run["state"] == "failed"][:MOST_READ]
    usual = state.get("usual_seconds")
    return pages.render(
        "schedule.html",
        {
            "name": asked.name,
            "workspace_uid": asked.workspace_uid,
            "workspace": next((run.get("workspace_name") for run in runs), "") or "",
            "failing": bool(state.get("failed_in_a_row")),
            "standing": standing(state) or ("not failing" if state else ""),
            "usual": lasted(int(usual)) if usual is not None else "",
            "runs": _rows(runs),
            "count": counted(len(runs), "run"),
            "after": runs[-1]["run_id"] if more else "",
            "nodes": _nodes(target, failed),
            "failed_count": counted(len(failed), "failed run"),
        },
    )


def _rows(runs: Iterable[Record]) -> list[dict[str, Any]]:
    rows = list(runs)
    longest = max((int(run.get("duration_seconds") or 0) for run in rows), default=0) or 1
    return [
        {
            "workspace_uid": run["workspace_uid"],
            "run_id": run["run_id"],
            "started": minute(run["started_at"]),
            "state": run["state"],
            "failed": run["state"] == "failed",
            "took": _took(run),
            "width": max(round(WIDTH * int(run.get("duration_seconds") or 0) / longest), 3),
            "aside": _aside(run),
        }
        for run in rows
    ]


def _took(run: Mapping[str, Any]) -> str:
    seconds = run.get("duration_seconds")
    return "" if seconds is None else lasted(int(seconds))


def _aside(run: Mapping[str, Any]) -> str:
    failures = int(run.get("failure_count") or 0)
    count = counted(failures, "failure") if failures and run["state"] == "failed" else ""
    return " · ".join(filter(None, (count, run.get("branch"))))


def _nodes(target: Target, failed: list[Record]) -> list[dict[str, Any]]:
    """Those that fail most often in the newest failed runs, each counted once a run."""
    counts = Counter(
        unique_id
        for run in whole_records(target, failed)
        for unique_id in {failure["unique_id"] for failure in failures_of(target, run)}
    )
    return [
        {"unique_id": unique_id, "name": named(unique_id).name, "count": count}
        for unique_id, count in counts.most_common(MOST_NODES)
    ]
