"""A run's rows in the bucket, for SQL over all runs."""

from contextlib import suppress

from functions.aws.bucket import ArchiveBucket
from functions.findings.finding import WhatFailed
from functions.findings.logs.ends import ReadEnd
from functions.rows.of_run import rows
from functions.rows.packed import packed, rows_key
from functions.run.event import RunEvent
from functions.shared.errors import SupersededError


class RowsObject:
    """Stored in place of the one that was there when the fetch began."""

    def __init__(self, bucket: ArchiveBucket, event: RunEvent) -> None:
        """
        Raises:
            UnavailableError: S3 failed. Both methods raise it as well.
        """
        self._bucket = bucket
        self._event = event
        self._key = rows_key(event)
        self._etag = bucket.list_etags(self._key).get(self._key)

    @property
    def is_stored(self) -> bool:
        return self._etag is not None

    def store(self, failed: WhatFailed, read_end: ReadEnd) -> None:
        """Stores the rows; `read_end` reads the results.

        Raises:
            SupersededError: another fetch of the run has stored others meanwhile.
        """
        content = packed(rows(self._event, failed, read_end))
        self._etag = self._bucket.replace(
            self._key, content, {"run": self._event.run_key}, etag=self._etag
        )

    def store_unless_there(self, failed: WhatFailed, read_end: ReadEnd) -> None:
        """Stores them for a run that is given up, unless an earlier fetch knew more."""
        if not self.is_stored:
            with suppress(SupersededError):
                self.store(failed, read_end)
