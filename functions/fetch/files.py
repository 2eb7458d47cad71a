"""The files of one run: each fetched unless it is stored, and what became of it."""

from collections.abc import Callable, Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

from functions.aws.bucket import ArchiveBucket
from functions.fetch.api import RunApi
from functions.paradime.api import CommandAnswer
from functions.paradime.download import Downloader
from functions.run.event import Command, RunEvent
from functions.run.inventory import ArchivedFile, MissingFile, StoredObject
from functions.run.keys import run_prefix
from functions.run.plan import (
    ListedResource,
    PlannedFile,
    plan_logs,
    plan_resources,
    unique_commands,
)
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    AddressRefusedError,
    AnswerTooLargeError,
    LinkRefusedError,
    NotThereError,
    TooManyBytesError,
    TryAgainError,
    UnavailableError,
)

# Files at a time. docs/performance.md has what fewer and more come to.
WORKERS = 8


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A file that could not be had this time, and may be another time."""

    planned: PlannedFile
    error: TryAgainError | UnavailableError


FileOutcome = ArchivedFile | MissingFile | PendingFile


class RunFiles:
    """One run's files being fetched: several at a time, and none twice."""

    def __init__(
        self,
        event: RunEvent,
        *,
        api: RunApi,
        bucket: ArchiveBucket,
        downloader: Downloader,
        artifact_patterns: Iterable[str],
        missing_grace: timedelta,
        deadline: Deadline,
        stored: Container[str],
    ) -> None:
        """`stored` are the keys that are there; `missing_grace` counts from the run's end."""
        self._event = event
        self._api = api
        self._bucket = bucket
        self._downloader = downloader
        self._artifact_patterns = artifact_patterns
        self._deadline = deadline
        self._stored = stored
        self.stored_count = 0
        ended_at = event.end_dttm or event.start_dttm
        # A difference of two instants is always in range, a sum of one need not be.
        self._may_come = datetime.now(UTC) - ended_at < missing_grace

    def fetch(self) -> list[FileOutcome]:
        commands = {command.id: command for command in unique_commands(self._event)}
        with ThreadPoolExecutor(WORKERS) as pool:
            answers = list(pool.map(self._fetch_command, commands.values()))
            listed = {
                command_id: resources
                for command_id, (_, resources) in zip(commands, answers, strict=True)
            }
            resources = plan_resources(
                run_prefix(self._event), self._event, listed, self._artifact_patterns
            )
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
            return ArchivedFile(file, self._bucket.describe(file.key))
        return MissingFile(file, str(outcome.error))

    def _fetch_command(self, command: Command) -> tuple[list[FileOutcome], list[ListedResource]]:
        """A command's logs, stored, and the list of its resources."""
        logs = plan_logs(run_prefix(self._event), self._event, command)
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
                return ArchivedFile(file, self._bucket.describe(file.key))
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
        return self._bucket.put(file.key, body, self._metadata(file))

    def _download(self, file: PlannedFile) -> StoredObject:
        assert file.resource_id is not None
        try:
            return self._download_once(file, file.resource_id)
        except LinkRefusedError:
            # It may have expired between asking and fetching: one new link tells.
            return self._download_once(file, file.resource_id)

    def _download_once(self, file: PlannedFile, resource_id: int) -> StoredObject:
        url = self._api.ask(lambda api: api.resource_url(resource_id))
        with self._downloader.open(url, file.path, self._deadline) as stream:
            self._bucket.put_stream(file.key, stream, self._metadata(file))
        return StoredObject(stream.bytes_read, stream.sha256)

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
