"""A run: the page that its archive has, with its links working and its place among other runs."""

from cli.serve import answer, pages
from cli.serve.answer import STORED_POLICY, Answer
from cli.serve.routes import RunPage
from cli.stack.failures import failures_of
from cli.stack.reasons import failed_commands, why
from cli.stack.records import (
    Record,
    neighbours,
    no_archive,
    read_object,
    read_run,
    run_name,
    whole_records,
)
from cli.stack.schedules import read_schedule
from cli.stack.target import Target
from cli.terminal.output import short_instant
from functions.aws.schedules import from_item
from functions.findings.artifacts.nodes import named
from functions.report.links import with_links
from functions.run.display import lasted

MOST_NODES = 20
# Where the archive's page begins; all text on it is escaped, so that this is the first.
_BEGINNING = b"<header>\n"


def page(target: Target, asked: RunPage) -> Answer:
    record = read_run(target, f"{asked.workspace_uid}/{asked.run_id}")
    view = _place(target, record)
    prefix = record.get("archive_prefix")
    stored = read_object(target, f"{prefix}index.html") if prefix else None
    if stored is None:
        return answer.page(pages.render("run.html", view | _facts(record)))
    before, beginning, rest = with_links(stored).partition(_BEGINNING)
    place = pages.render("place.html", view) if beginning else b""
    return answer.page(before + beginning + place + rest, policy=STORED_POLICY)


def _place(target: Target, record: Record) -> dict[str, object]:
    """The runs before and after it, and which nodes are new and fixed since it last failed."""
    earlier, later = neighbours(target, record)
    failing = _failing(target, record)
    former = _former_failure(target, record) if record["state"] == "failed" else None
    before = _failing(target, former) if former else set()
    return {
        "run": record,
        "earlier": earlier,
        "later": later,
        "former": former,
        "lists": [
            {"title": title, "nodes": _nodes(ids), "more": max(len(ids) - MOST_NODES, 0)}
            for title, ids in (
                [
                    ("New", failing - before),
                    ("Fixed", before - failing),
                    ("Still failing", failing & before),
                ]
                if former
                else [("Failing", failing)]
            )
            if ids
        ],
    }


def _nodes(unique_ids: set[str]) -> list[dict[str, str]]:
    return [{"unique_id": one, "name": named(one).name} for one in sorted(unique_ids)[:MOST_NODES]]


def _failing(target: Target, record: Record) -> set[str]:
    return {failure["unique_id"] for failure in failures_of(target, record)}


def _former_failure(target: Target, record: Record) -> Record | None:
    """The failed run before it, if its schedule still knows it."""
    item = read_schedule(target, record["workspace_uid"], record["schedule_name"])
    state = from_item(item) if item else None
    if state is None:
        return None
    this = next((run for run in state.runs if run.run_id == record["run_id"]), None)
    if this is None:
        return None
    failed = [run for run in state.earlier(this) if run.failed]
    keys = [{"run_key": f"{record['workspace_uid']}#{run.run_id}"} for run in failed[-1:]]
    return next(whole_records(target, keys), None)


def _facts(record: Record) -> dict[str, object]:
    """What the record says of a run whose archive has no page."""
    seconds = record.get("duration_seconds")
    facts = {
        "Started": short_instant(record["started_at"]),
        "Ended": short_instant(record.get("ended_at")),
        "Took": "" if seconds is None else lasted(int(seconds)),
        "Started by": record.get("actor") or record.get("email") or "",
        "Owner": record.get("owner_email") or "",
        "Environment": record.get("environment") or "",
        "Branch": record.get("branch") or "",
        "Commit": record.get("commit_hash") or "",
    }
    return {
        "name": run_name(record),
        "failed": record["state"] == "failed",
        "facts": {name: fact for name, fact in facts.items() if fact},
        "why": why(record) if record["state"] == "failed" else "",
        "commands": failed_commands(record),
        "no_archive": str(no_archive(record)),
    }
