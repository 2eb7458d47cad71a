"""One receive of one failed run: fetch, store, publish and record, as far as it gets.

What the answer needs comes first: the logs and results of what failed are fetched, the page is
stored and the message published. Then all other files are fetched, and the page is stored again.
Every step can be repeated: stored files are not fetched again, and the record, which comes last,
says that everything else is there.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from aws_lambda_powertools import Logger
from msgspec import Struct, field
from msgspec.structs import replace

from functions.aws.bucket import ArchiveBucket
from functions.aws.stored_run import StoredRun
from functions.aws.table import RunsTable
from functions.fetch.answer import failing_nodes, is_answered
from functions.fetch.api import RunApi
from functions.fetch.files import RunFiles
from functions.fetch.own_files import EVENT, OWN, OwnFiles
from functions.fetch.rows_object import RowsObject
from functions.findings.failures import what_failed
from functions.findings.finding import MAX_TOLD, WhatFailed
from functions.findings.logs.ends import ReadEnd
from functions.message.messenger import Messenger
from functions.paradime.api import ParadimeApi
from functions.paradime.download import Downloader
from functions.paradime.headers import HeaderProvider
from functions.run.archive_outcome import ArchiveOutcome, ArchiveState
from functions.run.display import counted
from functions.run.event import RunEvent
from functions.run.inventory import (
    Contents,
    FileOutcome,
    MissingFile,
    PendingFile,
    contents,
)
from functions.run.keys import run_prefix
from functions.run.outcome import run_failed
from functions.run.plan import (
    RESULTS,
    PlannedFile,
    plan_logs,
    plan_resources,
    unique_commands,
)
from functions.run.record import Source
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    Disposition,
    GivenUpError,
    NotUnderstoodError,
    RunArchiveError,
    SupersededError,
    TryAgainError,
    UnavailableError,
)

# Paradime retries a delivery for 28 hours: an older run was sent by hand, as samples are.
_MAX_LAG = timedelta(days=2)

logger = Logger(service="fetch", child=True)


class Receive(Struct, kw_only=True):
    """`run` is the record as it was read when the receive began."""

    run: StoredRun
    event: RunEvent
    message_id: str
    table: RunsTable
    bucket: ArchiveBucket
    session: requests.Session
    headers: HeaderProvider
    downloader: Downloader
    messenger: Messenger
    artifact_patterns: tuple[str, ...]
    missing_grace: timedelta
    _published: frozenset[str] = frozenset()
    _rows: RowsObject | None = None
    # Errors that do not concern files: they must not prevent the record from being written.
    _faults: list[RunArchiveError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._published = self.run.messages

    @property
    def prefix(self) -> str:
        """An existing archive keeps its prefix, whatever the rules for names are by now."""
        return self.run.archive_prefix or run_prefix(self.event)

    def archive(self, deadline: Deadline, *, last: bool, cautious: bool) -> ArchiveOutcome:
        """Fetches whatever is not stored yet, and stores, publishes and records the result.

        If `cautious`, since an earlier receive never ended, each artifact is noted before it is
        read.

        Raises:
            GivenUpError: some files could not be fetched, and this was the `last` time.
            TryAgainError: some files are still to be fetched.
            SupersededError: a later event of the run, or another fetch, overtook this one.
            UnavailableError: an AWS service failed.
        """
        etags = self.bucket.list_etags(self.prefix)
        self._rows = RowsObject(self.bucket, self.event)
        if self.prefix + EVENT in etags or self._rows.is_stored:
            # Only the objects listed here are replaced in the end. They must not belong to an event
            # that came between reading and listing: an overtaken fetch replaces nothing.
            self.table.check(self.run)
        own = self._own_files(etags)
        read_end = self._reader(cautious=cautious)
        api = RunApi(self._connect)
        files = self._files(api, own, etags, deadline, self.artifact_patterns)
        if self._has_to_publish and not self.run.is_archived:
            files.fetch_answer()
            held = contents(files.stored_outcomes(), unlisted=files.unlisted, complete=False)
            error = None if api.unusable is None else str(api.unusable)
            self._save(own, read_end, held, "incomplete", error)
        files.fetch_rest()
        return self._settle(own, read_end, files, last=last)

    def keep_rows(self, deadline: Deadline, *, last: bool, cautious: bool) -> None:
        """Writes the rows of a run that is not archived, from dbt's results alone.

        Raises:
            GivenUpError: some results could not be fetched, and this was the `last` time. The rows
                are those of the others.
            TryAgainError: some results are still to be fetched.
            SupersededError: a later event of the run, or another fetch, overtook this one.
            UnavailableError: an AWS service failed.
        """
        etags = self.bucket.list_etags(self.prefix)
        kept = RowsObject(self.bucket, self.event)
        if kept.is_stored:
            self.table.check(self.run)
        own = self._own_files(etags)
        files = self._files(RunApi(self._connect), own, etags, deadline, RESULTS)
        files.fetch_results()
        outcomes, unlisted = files.stored_outcomes(), files.unlisted
        errors = _errors(outcomes, unlisted)
        if errors and not last:
            raise _to_raise(errors, progress=files.stored_count > 0)
        held = contents(outcomes, unlisted=unlisted, complete=not errors)
        read_end = self._reader(cautious=cautious)
        kept.store(what_failed(self.event, held.files, {}, read_end), read_end)
        if errors:
            raise GivenUpError(f"results could not be fetched: {_most_relevant(errors)}")
        self._write({"rows_rank": self.run.event_rank}, ends_attempt=True)

    def publish_known(self, reason: str) -> None:
        """Records and publishes what the event alone says, unless a message was published.

        Errors here are only logged, so that they do not hide the one because of which it is called.
        """
        if not self._has_to_publish or self._published:
            return
        failed = what_failed(self.event, (), {}, self.bucket.read_end)
        try:
            held = Contents(complete=False, unlisted=list(self.event.positions))
            self._record(failed, held, "incomplete", reason)
            self._raise_faults()
        except RunArchiveError as e:
            logger.error("known facts could not be published", reason=str(e))

    def give_up(self, reason: str) -> bool:
        """Stores, publishes and records what is known about a run that is given up. Always true.

        Whatever an earlier receive stored or found stays, and is not read again.

        Raises:
            SupersededError: the run is archived, or has a later event.
            UnavailableError: DynamoDB or SNS failed.
        """
        missing = [MissingFile(file, reason) for file in self._planned()]
        held = Contents(missing=missing, unlisted=list(self.event.positions), error=reason)
        failed = what_failed(self.event, (), {}, self.bucket.read_end)
        has_files = bool(self.run.archive_prefix)
        try:
            etags = self.bucket.list_etags(self.prefix)
            has_files = bool(etags.keys() - {self.prefix + name for name in OWN})
            if not has_files:
                own = self._own_files(etags)
                own.store(held, self.bucket.read_end, self.messenger.history(self.event))
            rows = RowsObject(self.bucket, self.event)
            rows.store_unless_there(failed, self.bucket.read_end)
        except UnavailableError as e:
            logger.error("page or rows of a given up run not stored", reason=str(e))
        if has_files:
            outcome = self._outcome(failed, held, "failed", reason)
            self._publish(outcome)
            self._write(replace(outcome, prefix=None).record_fields(), ends_attempt=True)
        else:
            self._record(failed, held, "failed", reason, ends_attempt=True)
        self._raise_faults()
        return True

    def _settle(
        self, own: OwnFiles, read_end: ReadEnd, files: RunFiles, *, last: bool
    ) -> ArchiveOutcome:
        outcomes, unlisted = files.stored_outcomes(), files.unlisted
        pending = [outcome for outcome in outcomes if isinstance(outcome, PendingFile)]
        errors = _errors(outcomes, unlisted)
        if errors and not last:
            held = contents(outcomes, unlisted=unlisted, complete=False)
            number = counted(len(pending), "file") if pending else "perhaps more files"
            error = f"{number} still to come: {_most_relevant(errors)}; retrying"
            self._save(own, read_end, held, "incomplete", error, ends_attempt=True)
            raise _to_raise(errors, progress=files.stored_count > 0)
        if errors:
            number = counted(len(pending), "file") if pending else "perhaps more files"
            error = f"{number} could not be fetched: {_most_relevant(errors)}"
            settled = [
                MissingFile(outcome.planned, str(outcome.error))
                if isinstance(outcome, PendingFile)
                else outcome
                for outcome in outcomes
            ]
            held = contents(settled, unlisted=unlisted, complete=True, error=error)
            self._save(own, read_end, held, "failed", error, ends_attempt=True)
            raise GivenUpError(error)
        held = contents(outcomes, unlisted=(), complete=True)
        state: ArchiveState = "partial" if held.missing else "archived"
        outcome = self._save(own, read_end, held, state, ends_attempt=True)
        self._raise_faults()
        return outcome

    def _save(
        self,
        own: OwnFiles,
        read_end: ReadEnd,
        held: Contents,
        state: ArchiveState,
        error: str | None = None,
        *,
        ends_attempt: bool = False,
    ) -> ArchiveOutcome:
        """Stores the archive's own files and at last its rows, publishes, and writes the record.

        If S3 or SNS fails, the rest is done all the same, and the error is raised at the end.
        """
        try:
            failed = own.store(held, read_end, self.messenger.history(self.event))
            if state != "incomplete":
                assert self._rows is not None
                self._rows.store(failed, read_end)
        except UnavailableError as e:
            self._faults.append(e)
            failed = what_failed(self.event, (), {}, read_end)
            held = replace(held, unlisted=list(self.event.positions))
            state, error = "incomplete", str(e)
        return self._record(failed, held, state, error, ends_attempt=ends_attempt)

    def _record(
        self,
        failed: WhatFailed,
        held: Contents,
        state: ArchiveState,
        error: str | None,
        *,
        ends_attempt: bool = False,
    ) -> ArchiveOutcome:
        outcome = self._outcome(failed, held, state, error)
        self._publish(outcome)
        fields = outcome.record_fields()
        if outcome.archived_at is not None:
            fields["archived_rank"] = self.run.event_rank
        self._write(fields, ends_attempt=ends_attempt)
        return outcome

    def _outcome(
        self, failed: WhatFailed, held: Contents, state: ArchiveState, error: str | None
    ) -> ArchiveOutcome:
        now = None if state == "incomplete" else datetime.now(UTC)
        return ArchiveOutcome(
            state=state,
            prefix=self.prefix,
            url=self.bucket.console_url(self.prefix),
            archived_at=now,
            files=len(held.files),
            bytes=sum(file.stored.bytes for file in held.files),
            missing=len(held.missing),
            pending=len(held.pending),
            failures=failed.summaries(),
            failure_count=failed.failure_count,
            groups=failed.group_summaries(),
            healed_count=len(failed.healed),
            healed_by=failed.healers(self.event),
            answered=is_answered(self.event, held, failed),
            failing=failing_nodes(self.event, held, failed),
            owners=failed.owners[:MAX_TOLD],
            exposures=failed.exposure_summaries(),
            exposure_count=failed.exposure_count,
            layers=failed.layers,
            checksums=failed.checksums,
            lag_seconds=_lag_seconds(self.run, self.event, now) if now else None,
            error=error,
        )

    def _publish(self, outcome: ArchiveOutcome) -> None:
        try:
            self._published |= self.messenger.publish_once(
                self.run, self._published, self.event, outcome, self.message_id
            )
            if outcome.archived_at is not None:
                self.messenger.note_nodes(self.event, outcome)
        except (UnavailableError, TryAgainError) as e:
            self._faults.append(e)

    def _write(self, fields: dict[str, Any], *, ends_attempt: bool) -> None:
        sent = self._published - self.run.messages
        try:
            self.table.set_archive(self.run, fields, sent=sent, ends_attempt=ends_attempt)
        except SupersededError:
            if sent:
                self.table.confirm_messages(self.run, sent)
            raise

    def _raise_faults(self) -> None:
        for fault in self._faults:
            raise fault

    @property
    def _has_to_publish(self) -> bool:
        return run_failed(self.event) and self.messenger.has_more_to_say(self._published)

    def _connect(self) -> ParadimeApi:
        event = self.event
        return ParadimeApi(self.session, self.headers, event.api_url, event.workspace.uid)

    def _own_files(self, etags: Mapping[str, str]) -> OwnFiles:
        return OwnFiles(
            self.bucket, self.event, prefix=self.prefix, body=self.run.body, etags=etags
        )

    def _files(
        self,
        api: RunApi,
        own: OwnFiles,
        etags: Mapping[str, str],
        deadline: Deadline,
        patterns: tuple[str, ...],
    ) -> RunFiles:
        return RunFiles(
            self.event,
            prefix=self.prefix,
            api=api,
            bucket=self.bucket,
            downloader=self.downloader,
            artifact_patterns=patterns,
            missing_grace=self.missing_grace,
            deadline=deadline,
            stored=etags,
            earlier=own.earlier(),
        )

    def _planned(self) -> list[PlannedFile]:
        """The files that the event alone names."""
        return [
            file
            for command in unique_commands(self.event)
            for file in (
                *plan_logs(self.prefix, self.event, command),
                *plan_resources(self.prefix, self.event, command, (), ()),
            )
        ]

    def _reader(self, *, cautious: bool) -> ReadEnd:
        """Reads archived files, except artifacts whose reading stopped the function before."""
        unreadable = self.run.unreadable
        if cautious and self.run.reading:
            unreadable |= {self.run.reading}

        def read_end(key: str, max_bytes: int) -> bytearray:
            if key in unreadable:
                raise NotUnderstoodError("reading it stopped the function")
            if cautious:
                self.table.note_reading(self.run, key)
            return self.bucket.read_end(key, max_bytes)

        return read_end


def _errors(
    outcomes: Iterable[FileOutcome], unlisted: Mapping[int, RunArchiveError | None]
) -> list[RunArchiveError]:
    """Because of which files are still to come, or are not even known."""
    errors = [outcome.error for outcome in outcomes if isinstance(outcome, PendingFile)]
    return errors + [error for error in unlisted.values() if error is not None]


def _lag_seconds(run: StoredRun, event: RunEvent, now: datetime) -> float | None:
    if event.end_dttm is None or run.archived_at or run.source is not Source.WEBHOOK:
        return None
    lag = now - event.end_dttm
    return max(lag.total_seconds(), 0.0) if lag < _MAX_LAG else None


def _most_relevant(errors: Iterable[RunArchiveError]) -> RunArchiveError:
    """The error that asks for the longest wait, otherwise the first that is not about our time."""
    return max(
        errors,
        key=lambda error: (
            error.retry_after or 0.0,
            error.disposition is not Disposition.RESUME,
        ),
    )


def _to_raise(errors: list[RunArchiveError], *, progress: bool) -> RunArchiveError:
    """Out of time after some progress: the work is resumed at once. Anything else waits first.

    Without progress, or with a fault of Paradime's as well, it must wait too: an API that hangs
    now and then would otherwise use up all receives within hours, and they have to outlast an
    outage of a day.
    """
    error = _most_relevant(errors)
    if error.disposition is Disposition.RESUME and not progress:
        return TryAgainError(str(error))
    return error
