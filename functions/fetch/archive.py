"""Archives one run: every file that is not stored yet, then what is made of them, then the record.

Every step can be repeated: stored files are not fetched again, and the record, which comes last,
says that everything else is there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import requests
from aws_lambda_powertools import Logger

from functions.aws.bucket import ArchiveBucket
from functions.aws.table import RunsTable, StoredRun
from functions.fetch.api import RunApi
from functions.fetch.files import FileOutcome, PendingFile, RunFiles
from functions.fetch.own_files import EVENT, store_own_files
from functions.intake.pointer import Pointer
from functions.message.messenger import Messenger
from functions.paradime.api import ParadimeApi
from functions.paradime.download import Downloader
from functions.paradime.headers import HeaderProvider
from functions.run import event as events
from functions.run.archive_outcome import ArchiveOutcome, ArchiveState
from functions.run.display import counted
from functions.run.event import RunEvent
from functions.run.inventory import ArchivedFile, MissingFile
from functions.run.keys import run_prefix
from functions.run.record import Source
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    Disposition,
    GivenUpError,
    NotUnderstoodError,
    RunArchiveError,
    RunNotFoundError,
    SupersededError,
    TryAgainError,
)

# Paradime retries a delivery for 28 hours: an older run was sent by hand, as samples are.
_MAX_LAG = timedelta(days=2)

logger = Logger(service="fetch", child=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiver:
    table: RunsTable
    bucket: ArchiveBucket
    session: requests.Session
    headers: HeaderProvider
    downloader: Downloader
    messenger: Messenger
    artifact_patterns: tuple[str, ...]
    missing_grace: timedelta

    def archive(self, pointer: Pointer, deadline: Deadline, *, last: bool) -> ArchiveOutcome | None:
        """Completes the run's archive; None if it was complete already.

        The `last` time, the archive is finished with whatever could be fetched, and lists the rest
        as missing.

        Raises:
            GivenUpError: retrying cannot help, or this was the last time.
            TryAgainError: some files may be available later; the others are stored.
            SupersededError: a later event of the run, or another fetch, overtook this one.
            UnavailableError: an AWS service failed.
        """
        run = self._read(pointer)
        if run.is_archived:
            return None
        event = events.parse(run.body)
        api = ParadimeApi(self.session, self.headers, event.api_url, event.workspace.uid)
        stored = self.bucket.list_etags(run_prefix(event))
        if run_prefix(event) + EVENT in stored:
            # Only the objects listed here are replaced in the end. They must not belong to an event
            # that came between reading and listing: an overtaken fetch replaces nothing.
            self.table.check(run)
        run_files = RunFiles(
            event,
            api=RunApi(api),
            bucket=self.bucket,
            downloader=self.downloader,
            artifact_patterns=self.artifact_patterns,
            missing_grace=self.missing_grace,
            deadline=deadline,
            stored=stored,
        )
        outcomes = run_files.fetch()
        pending = [outcome for outcome in outcomes if isinstance(outcome, PendingFile)]
        if not pending:
            missing = any(isinstance(outcome, MissingFile) for outcome in outcomes)
            state: ArchiveState = "partial" if missing else "archived"
            return self._finish(run, event, stored, outcomes, state=state, last=last)
        if last:
            number = counted(len(pending), "file")
            reason = f"{number} could not be fetched: {_most_relevant(pending)}"
            settled = [run_files.settle(outcome) for outcome in outcomes]
            self._finish(run, event, stored, settled, state="failed", error=reason, last=last)
            raise GivenUpError(reason)
        self._note_pending(run, pending)
        raise _to_raise(pending, progress=run_files.stored_count > 0)

    def give_up(self, pointer: Pointer, reason: str) -> bool:
        """Writes into the record, if there is one, that the archive is given up, and why.

        Returns False if there is nothing to give up: the run is archived, or has a later event.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        try:
            run = self._read(pointer)
        except RunNotFoundError:
            return True
        if run.is_archived:
            return False
        outcome = ArchiveOutcome(state="failed", error=reason)
        try:
            event = events.parse(run.body)
        except NotUnderstoodError:
            message_fields = {}  # this may be the very reason for giving up
        else:
            message_fields = self.messenger.publish_once(run, event, outcome, last=True)
        try:
            self.table.set_archive(run, outcome.record_fields() | message_fields)
        except SupersededError:
            return False
        return True

    def _read(self, pointer: Pointer) -> StoredRun:
        run = self.table.read(pointer.run_key)
        logger.append_keys(delivery_ids=sorted(run.delivery_ids))
        return run

    def _note_pending(self, run: StoredRun, pending: list[PendingFile]) -> None:
        number = counted(len(pending), "file")
        reason = f"{number} still to be fetched: {_most_relevant(pending)}; retrying"
        self.table.set_archive(run, {"archive_error": reason})

    def _finish(
        self,
        run: StoredRun,
        event: RunEvent,
        stored: Mapping[str, str],
        outcomes: list[FileOutcome],
        *,
        state: ArchiveState,
        last: bool,
        error: str | None = None,
    ) -> ArchiveOutcome:
        files = [outcome for outcome in outcomes if isinstance(outcome, ArchivedFile)]
        missing = [outcome for outcome in outcomes if isinstance(outcome, MissingFile)]
        failed = store_own_files(
            self.bucket,
            event,
            body=run.body,
            etags=stored,
            files=files,
            missing=missing,
            error=error,
        )
        prefix, now = run_prefix(event), datetime.now(UTC)
        outcome = ArchiveOutcome(
            state=state,
            prefix=prefix,
            url=self.bucket.console_url(prefix),
            archived_at=now,
            files=len(files),
            bytes=sum(file.stored.bytes for file in files),
            missing=len(missing),
            failures=failed.summaries(),
            failure_count=len(failed.failures),
            lag_seconds=_lag_seconds(run, event, now),
            error=error,
        )
        message_fields = self.messenger.publish_once(run, event, outcome, last=last)
        self.table.set_archive(
            run, outcome.record_fields() | {"archived_rank": run.event_rank} | message_fields
        )
        return outcome


def _lag_seconds(run: StoredRun, event: RunEvent, now: datetime) -> float | None:
    if event.end_dttm is None or run.archived_at or run.source is not Source.WEBHOOK:
        return None
    lag = now - event.end_dttm
    return max(lag.total_seconds(), 0.0) if lag < _MAX_LAG else None


def _most_relevant(pending: Iterable[PendingFile]) -> RunArchiveError:
    """The error that asks for the longest wait, otherwise the first that is not about our time."""
    errors = [file.error for file in pending]
    return max(
        errors,
        key=lambda error: (
            error.retry_after or 0.0,
            error.disposition is not Disposition.RESUME,
        ),
    )


def _to_raise(pending: list[PendingFile], *, progress: bool) -> RunArchiveError:
    """Out of time after some progress: the work is resumed at once. Anything else waits first.

    Without progress, or with a fault of Paradime's as well, it must wait too: an API that hangs
    now and then would otherwise use up all receives within hours, and they have to outlast an
    outage of a day.
    """
    error = _most_relevant(pending)
    if error.disposition is Disposition.RESUME and not progress:
        return TryAgainError(str(error))
    return error
