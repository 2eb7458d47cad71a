"""Archives one run: every file that is not stored yet, then the inventory, then the record.

Each step can happen again: what is stored is not fetched twice, and what comes last, the
record, says that all the rest is there.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import requests
from aws_lambda_powertools import Logger

from functions.fetch.api import RunApi
from functions.fetch.bucket import ArchiveBucket, StoredObject
from functions.fetch.download import Downloader, LinkRefusedError
from functions.fetch.failures import what_failed
from functions.fetch.inventory import ArchivedFile, MissingFile, inventory
from functions.fetch.keys import run_prefix
from functions.fetch.logs import failed_commands_logs
from functions.fetch.message import ArchiveOutcome, ArchiveState
from functions.fetch.messenger import Messenger
from functions.fetch.plan import (
    ListedResource,
    PlannedFile,
    plan_logs,
    plan_resources,
    unique_commands,
)
from functions.fetch.report import Report, render
from functions.shared import event as events
from functions.shared import instants
from functions.shared.addresses import check_api_url
from functions.shared.credentials import parse_api_secret
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    AddressRefusedError,
    AnswerTooLargeError,
    GivenUpError,
    NotThereError,
    NotUnderstoodError,
    OutOfTimeError,
    SupersededError,
    TooManyBytesError,
    TryAgainError,
    UnavailableError,
)
from functions.shared.event import Command, RunEvent
from functions.shared.paradime import CommandAnswer, ParadimeApi
from functions.shared.pointer import Pointer
from functions.shared.record import Source
from functions.shared.secret import Secret
from functions.shared.table import RunsTable, StoredRun

WORKERS = 8
# It sends a delivery again for 28 hours: what ended longer ago was sent by hand, as a sample is.
_TOLD_BY_PARADIME = timedelta(days=2)
EVENT = "event.json"

logger = Logger(service="fetch", child=True)


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A file that could not be had this time, and may be another time."""

    planned: PlannedFile
    error: TryAgainError | UnavailableError


FileOutcome = ArchivedFile | MissingFile | PendingFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What an archive came to; nothing when it was there already.

    `lag_seconds`, from the run's end on, is None where it would say nothing of how the archive
    keeps up: of a run that is archived again, that a sweep found, or that ended days ago.
    """

    runs: int = 0
    files: int = 0
    bytes: int = 0
    missing: int = 0
    failures: int = 0
    lag_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiver:
    table: RunsTable
    bucket: ArchiveBucket
    api_secret: Secret
    session: requests.Session
    downloader: Downloader
    messenger: Messenger
    api_hosts: tuple[str, ...]
    artifact_patterns: tuple[str, ...]
    missing_grace: timedelta
    allow_loopback: bool

    def archive(self, pointer: Pointer, deadline: Deadline, *, last: bool) -> Archived:
        """Makes the run's archive complete.

        The `last` time, what could be had is listed even so, with the rest as missing.

        Raises:
            GivenUpError: trying again cannot help, or this was the last time.
            TryAgainError: something may be had later; what could be had is stored.
            SupersededError: a later event of the run, or another fetch of it, came meanwhile.
            UnavailableError: an AWS service failed.
        """
        run = self._read(pointer)
        if run.is_archived:
            return Archived()
        event = events.parse(run.body)
        api = self._api(event)
        stored = self.bucket.list_etags(run_prefix(event))
        if run_prefix(event) + EVENT in stored:
            # Only what is listed here is replaced in the end. So it must not be of an event that
            # came between reading and listing: a fetch that is overtaken replaces nothing.
            self.table.check(run)
        fetch = _RunFetch(self, event, api, deadline, stored)
        outcomes = fetch.fetch()
        pending = [outcome for outcome in outcomes if isinstance(outcome, PendingFile)]
        if not pending:
            missing = any(isinstance(outcome, MissingFile) for outcome in outcomes)
            state: ArchiveState = "partial" if missing else "archived"
            return self._finish(run, event, stored, outcomes, state=state, last=last)
        if last:
            reason = f"{len(pending)} files never came: {_most_telling(pending)}"
            settled = [fetch.settled(outcome) for outcome in outcomes]
            self._finish(run, event, stored, settled, state="failed", error=reason, last=last)
            raise GivenUpError(reason)
        self._note_pending(run, pending)
        raise _to_raise(pending, progress=fetch.stored_count > 0)

    def give_up(self, pointer: Pointer, reason: str) -> None:
        """Writes into the record that the run's archive is given up, and why.

        Raises:
            RunNotFoundError: there is no such record.
            SupersededError: a later event of the run came meanwhile, or it is archived.
            UnavailableError: DynamoDB failed.
        """
        run = self._read(pointer)
        if run.is_archived:
            raise SupersededError(f"run {run.run_key} is archived")
        fields: dict[str, Any] = {"archive_state": "failed", "archive_error": reason}
        try:
            event = events.parse(run.body)
        except NotUnderstoodError:
            told = {}  # this may be what it is given up for
        else:
            told = self.messenger.tell(
                run, event, ArchiveOutcome(state="failed", error=reason), last=True
            )
        self.table.set_archive(run, fields | told)

    def _read(self, pointer: Pointer) -> StoredRun:
        run = self.table.read(pointer.run_key)
        logger.append_keys(delivery_ids=sorted(run.delivery_ids))
        return run

    def _api(self, event: RunEvent) -> RunApi:
        url = check_api_url(event.api_url, hosts=self.api_hosts, allow_loopback=self.allow_loopback)

        def connect(secret: str) -> ParadimeApi:
            headers = parse_api_secret(secret).headers(event.workspace.uid)
            return ParadimeApi(self.session, url, headers)

        return RunApi(self.api_secret, connect)

    def _note_pending(self, run: StoredRun, pending: list[PendingFile]) -> None:
        reason = str(_most_telling(pending))
        self.table.set_archive(
            run, {"archive_error": f"{len(pending)} files to come: {reason}; trying again"}
        )

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
    ) -> Archived:
        files = [outcome for outcome in outcomes if isinstance(outcome, ArchivedFile)]
        missing = [outcome for outcome in outcomes if isinstance(outcome, MissingFile)]
        prefix, metadata = run_prefix(event), {"run": event.run_key}

        def replace(name: str, body: bytes, *, page: bool = False) -> StoredObject:
            key = prefix + name
            return self.bucket.replace(key, body, metadata, etag=stored.get(key), page=page)

        event_file = replace(EVENT, run.body)  # before all others, see above
        listing = replace("archive.json", inventory(event, event_file, files, missing))
        logs = failed_commands_logs(event, files, self.bucket.read_end)
        failed = what_failed(event, files, logs, self.bucket.read_end)
        findings = replace("failures.json", failed.to_json(event))
        own = {EVENT: event_file, "archive.json": listing, "failures.json": findings}
        report = Report(
            event=event,
            prefix=prefix,
            failed=failed,
            logs=logs,
            files=files,
            missing=missing,
            own={name: file.bytes for name, file in own.items()},
            error=error,
        )
        replace("index.html", render(report), page=True)
        found = failed.record_fields()
        outcome = ArchiveOutcome(
            state=state,
            url=self.bucket.console_url(prefix),
            files=len(files),
            bytes=sum(file.stored.bytes for file in files),
            missing=len(missing),
            failures=found["failures"] or (),
            failure_count=found["failure_count"],
            error=error,
        )
        told = self.messenger.tell(run, event, outcome, last=last)
        now = datetime.now(UTC)
        self.table.set_archive(
            run,
            {
                "archive_state": state,
                "archive_prefix": prefix,
                "archive_error": error,
                "artifact_count": outcome.files,
                "artifact_bytes": outcome.bytes,
                "missing_count": outcome.missing,
                "archived_at": instants.to_text(now),
                "archived_rank": run.event_rank,
            }
            | found
            | told,
        )
        return Archived(
            runs=1,
            files=outcome.files,
            bytes=outcome.bytes,
            missing=outcome.missing,
            failures=outcome.failure_count,
            lag_seconds=_lag_seconds(run, event, now),
        )


class _RunFetch:
    """One run being fetched: several files at a time, and none twice."""

    def __init__(
        self,
        archiver: Archiver,
        event: RunEvent,
        api: RunApi,
        deadline: Deadline,
        stored: Container[str],
    ) -> None:
        self._archiver = archiver
        self._event = event
        self._api = api
        self._deadline = deadline
        self._stored = stored
        ended_at = event.end_dttm or event.start_dttm
        self.stored_count = 0
        # A difference of two instants is always in range, a sum of one need not be.
        self._may_come = datetime.now(UTC) - ended_at < archiver.missing_grace

    def fetch(self) -> list[FileOutcome]:
        commands = {command.id: command for command in unique_commands(self._event)}
        with ThreadPoolExecutor(WORKERS) as pool:
            answers = list(pool.map(self._fetch_command, commands.values()))
            listed = {
                command_id: resources
                for command_id, (_, resources) in zip(commands, answers, strict=True)
            }
            resources = plan_resources(self._event, listed, self._archiver.artifact_patterns)
            files = list(pool.map(self._fetch_resource, resources))
        return [outcome for logs, _ in answers for outcome in logs] + files

    def settled(self, outcome: FileOutcome) -> FileOutcome:
        """What never came is missing, but for what an earlier receive stored.

        Raises:
            UnavailableError: S3 did not tell of a stored file.
        """
        if not isinstance(outcome, PendingFile):
            return outcome
        file = outcome.planned
        if file.key in self._stored:
            return ArchivedFile(file, self._archiver.bucket.describe(file.key))
        return MissingFile(file, str(outcome.error))

    def _fetch_command(self, command: Command) -> tuple[list[FileOutcome], list[ListedResource]]:
        """A command's logs, stored, and the list of its resources."""
        logs = plan_logs(self._event, command)
        absent = any(log.key not in self._stored for log in logs)
        try:
            try:
                answer = self._ask_command(command, with_logs=absent)
            except AnswerTooLargeError as e:
                answer = self._ask_command(command, with_logs=False)
                kept: list[FileOutcome] = [MissingFile(log, str(e)) for log in logs]
            else:
                kept = [
                    self._keep(log, partial(self._put_log, log, text))
                    for log, text in zip(logs, (answer.stdout, answer.stderr), strict=True)
                ]
        except TryAgainError as e:
            return [self._without(log, e) for log in logs], []
        return kept, [ListedResource(found.id, found.path) for found in answer.resources or ()]

    def _ask_command(self, command: Command, *, with_logs: bool) -> CommandAnswer:
        self._deadline.check()
        return self._api.ask(lambda api: api.command(command.id, with_logs=with_logs))

    def _fetch_resource(self, file: PlannedFile) -> FileOutcome:
        return self._keep(file, partial(self._download, file))

    def _keep(self, file: PlannedFile, store: Callable[[], StoredObject]) -> FileOutcome:
        """Stores a file unless it is stored, and says what became of it.

        One file's fault is its own: it never ends the work on the others.
        """
        try:
            self._deadline.check()
            if file.key in self._stored:
                return ArchivedFile(file, self._archiver.bucket.describe(file.key))
            stored = store()
            self.stored_count += 1
            return ArchivedFile(file, stored)
        except (AddressRefusedError, TooManyBytesError) as e:
            return MissingFile(file, str(e))
        except (TryAgainError, UnavailableError) as e:
            return self._without(file, e)

    def _without(
        self, file: PlannedFile, error: TryAgainError | UnavailableError
    ) -> MissingFile | PendingFile:
        """What Paradime says that it does not have may come until an hour after the run's end."""
        if isinstance(error, NotThereError) and not self._may_come:
            return MissingFile(file, str(error))
        return PendingFile(file, error)

    def _put_log(self, file: PlannedFile, text: str | None) -> StoredObject:
        # A lone surrogate, which JSON can spell, has no UTF-8.
        body = (text or "").encode(errors="replace")
        return self._archiver.bucket.put(file.key, body, self._metadata(file))

    def _download(self, file: PlannedFile) -> StoredObject:
        assert file.resource_id is not None
        try:
            return self._download_once(file, file.resource_id)
        except LinkRefusedError:
            # It may have expired between asking and fetching: one new link tells.
            return self._download_once(file, file.resource_id)

    def _download_once(self, file: PlannedFile, resource_id: int) -> StoredObject:
        url = self._api.ask(lambda api: api.resource_url(resource_id))
        with self._archiver.downloader.open(url, file.path, self._deadline) as stream:
            return self._archiver.bucket.put_stream(file.key, stream, self._metadata(file))

    def _metadata(self, file: PlannedFile) -> dict[str, str]:
        """What an object says of itself; ASCII, and below the 2 KB that S3 takes."""
        metadata = {
            "run": self._event.run_key,
            "command": str(file.command_id),
            "path": quote(file.path, errors="replace")[:1024],
        }
        if file.resource_id is not None:
            metadata["resource"] = str(file.resource_id)
        return metadata


def _lag_seconds(run: StoredRun, event: RunEvent, now: datetime) -> float | None:
    if event.end_dttm is None or run.archived_at or run.source is not Source.WEBHOOK:
        return None
    lag = now - event.end_dttm
    return max(lag.total_seconds(), 0.0) if lag < _TOLD_BY_PARADIME else None


def _most_telling(pending: Iterable[PendingFile]) -> TryAgainError | UnavailableError:
    """The error that asks for the longest wait, else the first that is not about our own time."""
    errors = [file.error for file in pending]
    return max(
        errors,
        key=lambda error: (
            getattr(error, "retry_after", None) or 0.0,
            not isinstance(error, OutOfTimeError),
        ),
    )


def _to_raise(pending: list[PendingFile], *, progress: bool) -> TryAgainError | UnavailableError:
    """Out of time after some progress goes on at once; anything else waits before it does.

    Without progress, or with a fault of Paradime's beside it, it must wait too: an API that
    hangs now and then would otherwise use up all receives within hours, when an outage of a day
    is to be outlasted.
    """
    telling = _most_telling(pending)
    if isinstance(telling, OutOfTimeError) and not progress:
        return TryAgainError(str(telling))
    return telling
