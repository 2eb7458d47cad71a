"""A node: in which of the last failed runs it failed, and how."""

from itertools import islice

from cli.serve import pages
from cli.stack.failures import failures_of
from cli.stack.reasons import what_is_wrong
from cli.stack.records import list_runs, whole_records
from cli.stack.target import Target
from cli.terminal.output import minute
from functions.findings.artifacts.nodes import named
from functions.run.display import counted

MOST_RUNS = 100


def page(target: Target, name: str) -> bytes:
    runs = list(whole_records(target, islice(list_runs(target, failed=True), MOST_RUNS)))
    found = [
        (run, failure)
        for run in runs
        for failure in failures_of(target, run)
        if name in (failure["unique_id"], named(failure["unique_id"]).name)
    ]
    unique_id = found[0][1]["unique_id"] if found else name
    return pages.render(
        "node.html",
        {
            "unique_id": unique_id,
            "name": named(unique_id).name,
            "kind": named(unique_id).kind_in_words,
            "failed_in": len({run["run_key"] for run, _ in found}),
            "of": counted(len(runs), "failed run"),
            "rows": [
                {
                    "workspace_uid": run["workspace_uid"],
                    "run_id": run["run_id"],
                    "schedule": run["schedule_name"],
                    "started": minute(run["started_at"]),
                    "status": failure["status"] or "",
                    "message": what_is_wrong(failure),
                }
                for run, failure in found
            ],
        },
    )
