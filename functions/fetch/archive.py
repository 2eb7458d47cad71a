"""Archives runs: decides for each received pointer whether to begin, to go on, or to give up."""

from datetime import UTC, datetime, timedelta

import requests
from aws_lambda_powertools import Logger
from msgspec import Struct

from functions.aws.bucket import ArchiveBucket
from functions.aws.stored_run import StoredRun
from functions.aws.table import RunsTable
from functions.fetch.receive import Receive
from functions.intake.pointer import HISTORY, RECOVERY, Pointer
from functions.message.messenger import Messenger
from functions.paradime.download import Downloader
from functions.paradime.headers import HeaderProvider
from functions.run import event as events
from functions.run.archive_outcome import ArchiveOutcome
from functions.run.outcome import run_failed
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    Disposition,
    GivenUpError,
    NotUnderstoodError,
    RunArchiveError,
    RunNotFoundError,
    SupersededError,
)

# A run that stopped the function this often in a row is given up.
MAX_INTERRUPTIONS = 3
INTERRUPTED = "the function was stopped while it was archiving this run"

logger = Logger(service="fetch", child=True)


class Archiver(Struct, frozen=True, kw_only=True):
    table: RunsTable
    bucket: ArchiveBucket
    session: requests.Session
    headers: HeaderProvider
    downloader: Downloader
    messenger: Messenger
    artifact_patterns: tuple[str, ...]
    missing_grace: timedelta

    def archive(
        self, pointer: Pointer, message_id: str, deadline: Deadline, *, last: bool
    ) -> ArchiveOutcome | None:
        """Completes the run's archive, and announces a failed run as soon as possible.

        Returns None if the archive was complete already, or if the pointer asks only to announce
        that the run's schedule has recovered, or only for its rows. The `last` time, the archive is
        finished with whatever could be fetched, and lists the rest as missing.

        Raises:
            GivenUpError: retrying cannot help, or this was the last time.
            TryAgainError: some files may be available later; the others are stored.
            SupersededError: a later event of the run, or another fetch, overtook this one.
            UnavailableError: an AWS service failed.
        """
        run = self._read(pointer)
        if pointer.purpose == RECOVERY:
            self._announce_recovery(run, message_id)
            return None
        if pointer.purpose == HISTORY:
            if not run.has_rows:
                self._keep_rows(run, message_id, deadline, last=last)
            return None
        if run.is_archived and not run.claimed_at:
            return None
        interruptions = self._begin_attempt(run, message_id)
        try:
            receive = self._receive(run, message_id)
            if interruptions:
                logger.error("an earlier receive of this run never ended", number=interruptions)
                if interruptions > 1 or not run.claimed_at:
                    receive.publish_known(f"{INTERRUPTED}; retrying")
                # Otherwise it was stopped while publishing what it had found, which comes first.
            return receive.archive(deadline, last=last, cautious=interruptions > 0)
        except RunArchiveError as e:
            if not last and e.disposition is Disposition.RETRY:
                receive.publish_known(str(e))
            self._end_attempt(run)
            raise

    def give_up(self, pointer: Pointer, message_id: str, reason: str) -> bool:
        """Writes into the record, if there is one, that the archive is given up, and why.

        What is known about the run is stored and published first. Returns False if there is nothing
        to give up: the run is archived, or has a later event.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        try:
            run = self._read(pointer)
        except RunNotFoundError:
            return True
        if pointer.purpose in (RECOVERY, HISTORY):
            return True
        if run.is_archived:
            return bool(run.claimed_at)  # complete, but its message could not be sent
        try:
            return self._receive(run, message_id).give_up(reason)
        except NotUnderstoodError:  # this may be the very reason for giving up
            outcome = ArchiveOutcome(state="failed", error=reason)
            self.table.set_archive(run, outcome.record_fields(), ends_attempt=True)
            return True
        except SupersededError:
            return False

    def _begin_attempt(self, run: StoredRun, message_id: str) -> int:
        """How many attempts before this one never ended."""
        now = datetime.now(UTC)
        interruptions = run.interruptions(message_id, now)
        if interruptions >= MAX_INTERRUPTIONS:
            raise GivenUpError(f"{INTERRUPTED}, {interruptions} times in a row")
        self.table.begin_attempt(run, message_id, now, interruptions=interruptions)
        return interruptions

    def _keep_rows(
        self, run: StoredRun, message_id: str, deadline: Deadline, *, last: bool
    ) -> None:
        interruptions = self._begin_attempt(run, message_id)
        try:
            receive = self._receive(run, message_id)
            receive.keep_rows(deadline, last=last, cautious=interruptions > 0)
        except RunArchiveError:
            self._end_attempt(run)
            raise

    def _announce_recovery(self, run: StoredRun, message_id: str) -> None:
        """Nothing is announced if the record says by now that the run failed: it was queued then,
        to be archived."""
        event = events.parse(run.body)
        if run_failed(event):
            return
        outcome = ArchiveOutcome(failing=frozenset())
        kinds = self.messenger.publish_once(run, run.messages, event, outcome, message_id)
        if kinds:
            self.table.confirm_messages(run, kinds)

    def _receive(self, run: StoredRun, message_id: str) -> Receive:
        return Receive(
            run=run,
            event=events.parse(run.body),
            message_id=message_id,
            table=self.table,
            bucket=self.bucket,
            session=self.session,
            headers=self.headers,
            downloader=self.downloader,
            messenger=self.messenger,
            artifact_patterns=self.artifact_patterns,
            missing_grace=self.missing_grace,
        )

    def _read(self, pointer: Pointer) -> StoredRun:
        run = self.table.read(pointer.run_key)
        logger.append_keys(delivery_ids=sorted(run.delivery_ids))
        return run

    def _end_attempt(self, run: StoredRun) -> None:
        """An attempt that ends properly must not count as an interrupted one."""
        try:
            self.table.end_attempt(run)
        except RunArchiveError as e:
            logger.warning("the end of an attempt could not be recorded", reason=str(e))
