"""What an archive says of itself: `event.json`, `archive.json`, `failures.json`, `index.html`."""

from collections.abc import Mapping, Sequence

from functions.aws.bucket import ArchiveBucket
from functions.findings.failures import WhatFailed, what_failed
from functions.findings.logs.ends import read_logs
from functions.report.report import Report, render
from functions.run.event import RunEvent
from functions.run.inventory import ArchivedFile, MissingFile, StoredObject, inventory
from functions.run.keys import run_prefix

EVENT = "event.json"
INVENTORY = "archive.json"
FAILURES = "failures.json"
PAGE = "index.html"


def store_own_files(
    bucket: ArchiveBucket,
    event: RunEvent,
    *,
    body: bytes,
    etags: Mapping[str, str],
    files: Sequence[ArchivedFile],
    missing: Sequence[MissingFile],
    error: str | None,
) -> WhatFailed:
    """Stores all four, each in the place of the one that had its ETag when the fetch began.

    `event.json` comes first: a fetch that was overtaken by a later event stops there, and leaves
    the other three as that event's fetch made them. `error` is why the archive was given up.

    Raises:
        SupersededError: another fetch of the run has stored one of them meanwhile.
        UnavailableError: S3 failed.
    """
    prefix, metadata = run_prefix(event), {"run": event.run_key}

    def replace(name: str, content: bytes, *, page: bool = False) -> StoredObject:
        key = prefix + name
        return bucket.replace(key, content, metadata, etag=etags.get(key), page=page)

    event_file = replace(EVENT, body)
    listing = replace(INVENTORY, inventory(event, event_file, files, missing))
    logs = read_logs(event, files, bucket.read_end)
    failed = what_failed(event, files, logs, bucket.read_end)
    findings = replace(FAILURES, failed.to_json(event))
    own = {EVENT: event_file.bytes, INVENTORY: listing.bytes, FAILURES: findings.bytes}
    report = Report(
        event=event,
        prefix=prefix,
        failed=failed,
        logs=logs,
        files=files,
        missing=missing,
        own=own,
        error=error,
    )
    replace(PAGE, render(report), page=True)
    return failed
