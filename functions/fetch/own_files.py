"""The archive's own files: `event.json`, `archive.json`, `failures.json`, `index.html`."""

from collections.abc import Mapping
from hashlib import sha256

from functions.aws.bucket import ArchiveBucket
from functions.findings.document import document
from functions.findings.failures import what_failed
from functions.findings.finding import WhatFailed
from functions.findings.logs.ends import ReadEnd, read_logs
from functions.history.telling import History
from functions.report.report import Report, render
from functions.run.event import RunEvent
from functions.run.inventory import (
    Contents,
    EarlierInventory,
    StoredObject,
    inventory,
    read_inventory,
)
from functions.shared.errors import NotUnderstoodError

EVENT = "event.json"
INVENTORY = "archive.json"
FAILURES = "failures.json"
PAGE = "index.html"
OWN = (EVENT, INVENTORY, FAILURES, PAGE)
# No inventory is larger: this is a thousand files for each of a thousand commands.
MAX_INVENTORY_BYTES = 64 * 1024 * 1024


class OwnFiles:
    """The four files, each stored in place of the one that was there when the fetch began."""

    def __init__(
        self,
        bucket: ArchiveBucket,
        event: RunEvent,
        *,
        prefix: str,
        body: bytes,
        etags: Mapping[str, str],
    ) -> None:
        """`body` is the event, byte for byte; `etags` are those of the objects below the prefix."""
        self._bucket = bucket
        self._event = event
        self._prefix = prefix
        self._body = body
        self._etags = dict(etags)
        self._stored: dict[str, StoredObject] = {}

    def earlier(self) -> EarlierInventory:
        """What an earlier fetch of this very event listed; nothing if that cannot be read.

        Raises:
            UnavailableError: S3 failed.
        """
        key = self._prefix + INVENTORY
        if key not in self._etags:
            return EarlierInventory()
        try:
            listed = self._bucket.read_end(key, MAX_INVENTORY_BYTES)
            return read_inventory(listed, sha256(self._body).hexdigest(), self._event.positions)
        except NotUnderstoodError:
            return EarlierInventory()  # written by a version that this one does not know

    def store(self, held: Contents, read_end: ReadEnd, history: History) -> WhatFailed:
        """Stores those that have changed. Can be called again as more files arrive.

        `event.json` comes first: a fetch that a later event has overtaken stops there, and leaves
        the other three as that event's fetch made them. `read_end` reads archived files.

        Raises:
            SupersededError: another fetch of the run has stored one of them meanwhile.
            UnavailableError: S3 failed.
        """
        event = self._event
        event_file = self._replace(EVENT, self._body)
        listing = self._replace(INVENTORY, inventory(event, event_file, held))
        logs = read_logs(event, held.files, read_end)
        failed = what_failed(event, held.files, logs, read_end)
        findings = self._replace(FAILURES, document(event, failed))
        report = Report(
            event=event,
            prefix=self._prefix,
            failed=failed,
            logs=logs,
            held=held,
            history=history,
            own={EVENT: event_file.bytes, INVENTORY: listing.bytes, FAILURES: findings.bytes},
        )
        self._replace(PAGE, render(report), page=True)
        return failed

    def _replace(self, name: str, content: bytes, *, page: bool = False) -> StoredObject:
        new = StoredObject(len(content), sha256(content).hexdigest())
        if self._stored.get(name) != new:
            key = self._prefix + name
            self._etags[key] = self._bucket.replace(
                key, content, {"run": self._event.run_key}, etag=self._etags.get(key), page=page
            )
            self._stored[name] = new
        return new
