"""Why a run failed, from what its record has."""

from collections.abc import Mapping
from typing import Any

from cli.stack.records import Record
from functions.findings.artifacts.nodes import named
from functions.run.event import has_failed


def why(record: Record) -> str:
    """In one line, such as `customers: Binder Error: … (and 3 more)`; empty if it did not fail."""
    failures = list(record.get("failures") or ())[: int(record.get("failure_count", 0))]
    groups = record.get("failure_groups") or ()
    count = int(record.get("failure_count", 0))
    if groups:
        first, rest = groups[0], count - int(groups[0]["count"])
        what = first["what"] if int(first["count"]) > 1 else named(first["what"]).name
    elif failures:
        first, rest = failures[0], count - 1
        what = named(first["unique_id"]).name
    else:
        return record.get("error_string") or ""
    message = what_is_wrong(first)
    text = f"{what}: {message}" if message else str(what)
    return text + (f" (and {rest:,} more)" if rest > 0 else "")


def failed_commands(record: Record) -> list[Mapping[str, Any]]:
    return [
        command
        for command in record.get("commands") or ()
        if has_failed(command.get("return_code"), command.get("status"))
    ]


def what_is_wrong(failure: Mapping[str, Any]) -> str:
    """The message of a failure or group; its status where it has none, but for `failed`."""
    status = failure.get("status") or ""
    return failure.get("message") or ("" if status == "failed" else status)
