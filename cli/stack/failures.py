"""Reads which nodes failed in a run."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cli.stack.records import Record, read_object
from cli.stack.target import Target


def failures_of(target: Target, run: Record) -> Iterator[Mapping[str, Any]]:
    """`{"unique_id", "status", "message"}` of each node that failed, warnings not among them.

    The record has the first of each run, `failures.json` has all.
    """
    failures = run.get("failures") or []
    if int(run.get("failure_count", 0)) > len(failures) and run.get("archive_prefix"):
        body = read_object(target, f"{run['archive_prefix']}failures.json")
        if body is not None:
            failures = json.loads(body).get("failures", failures)
    for failure in failures:
        if failure.get("unique_id") and failure.get("status") != "warn":
            yield {key: failure.get(key) for key in ("unique_id", "status", "message")}
