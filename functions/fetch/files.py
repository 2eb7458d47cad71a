"""The files of one run: each is fetched unless it is stored already."""

import threading
from collections.abc import Callable, Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

from msgspec.structs import replace

from functions.aws.bucket import RESOURCE, ArchiveBucket
from functions.fetch.api import RunApi
from functions.paradime.api import CommandAnswer, LogPage
from functions.paradime.download import CountedStream, Downloader
from functions.paradime.paged_log import PagedLog
from functions.run.event import Command, RunEvent
from functions.run.inventory import (
    ArchivedFile,
    EarlierInventory,
    FileOutcome,
    MissingFile,
    PendingFile,
    StoredObject,
)
from functions.run.keys import STDOUT
from functions.run.plan import (
    ListedResource,
    PlannedFile,
    commands_of_answer,
    is_of_answer,
    is_results,
    plan_logs,
    plan_resources,
    unique_commands,
)
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    AnswerTooLargeError,
    Disposition,
    LinkRefusedError,
    NotThereError,
    OutOfTimeError,
    RunArchiveError,
    TryAgainError,
    UnavailableError,
)

# The longest time that a message waits for files. A question that is in progress is finished.
ANSWER_SECONDS = 30.0
# Files fetched at the same time. docs/performance.md compares fewer and more.
WORKERS = 8


class RunFiles:
    """Fetches one run's files: first those that the answer needs, then all others.

    Several are fetched at a time, and none twice. `outcomes` says what became of each so far.
    """

    def __init__(
        self,
        event: RunEvent,
        *,
        prefix: str,
        api: RunApi,
        bucket: ArchiveBucket,
        downloader: Downloader,
        artifact_patterns: Iterable[str],
        missing_grace: timedelta,
        deadline: Deadline,
        stored: Container[str],
        earlier: EarlierInventory,
    ) -> None:
        """`stored` holds the keys of stored objects, `earlier` is what an earlier fetch listed;
        `missing_grace` starts at the run's end.
        """
        self._event = event
        self._prefix = prefix
        self._api = api
        self._bucket = bucket
        self._downloader = downloader
        self._artifact_patterns = tuple(artifact_patterns)
        self._deadline = deadline
        self._stored = stored
        self._earlier = earlier
        self._listed: dict[int, list[ListedResource]] = {}
        self._not_listed: dict[int, RunArchiveError] = {}
        self._outcomes: dict[str, FileOutcome] = {}
        # Commands whose logs no answer holds. Pages take memory, so one log at a time is paged.
        self._large_logs: set[int] = set()
        self._paging = threading.Lock()
        self.stored_count = 0
        ended_at = event.end_dttm or event.start_dttm
        # The difference of two instants is always in range, unlike an instant plus a duration.
        self._may_come = datetime.now(UTC) - ended_at < missing_grace

    @property
    def outcomes(self) -> list[FileOutcome]:
        return list(self._outcomes.values())

    @property
    def unlisted(self) -> dict[int, RunArchiveError | None]:
        """The commands whose files are not all known, and what prevented it if they were asked for.

        Logs that are stored do not show that nothing else is to come.
        """
        known = {*self._listed, *self._earlier.listed}
        errors = {
            command.id: self._not_listed.get(command.id)
            for command in unique_commands(self._event)
            if command.id not in known
        }
        return {id_: e for id_, e in errors.items() if e is None or not self._is_gone(e)}

    def fetch_answer(self) -> None:
        """Fetches the files that say what failed, within `ANSWER_SECONDS`."""
        whole, self._deadline = self._deadline, self._deadline.within(ANSWER_SECONDS)
        try:
            self._fetch(
                commands_of_answer(self._event), lambda file: is_of_answer(self._event, file)
            )
        finally:
            self._deadline = whole

    def fetch_rest(self) -> None:
        """Fetches all other files, and those for which the answer had no time."""
        self._fetch(unique_commands(self._event), lambda file: True)

    def fetch_results(self) -> None:
        """Fetches only dbt's results, and no logs.

        Paradime is asked for the files of commands of which the event names none.
        """
        commands = unique_commands(self._event)
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(self._list, (one for one in commands if not one.json_resources)))
            files = [file for command in commands for file in self._plan(command)]
            self._note(pool.map(self._fetch_file, filter(is_results, files)))

    def _list(self, command: Command) -> None:
        try:
            self._note_list(command, self._ask_command(command, with_logs=False))
        except TryAgainError as e:
            self._not_listed[command.id] = e

    def _fetch(self, commands: list[Command], wanted: Callable[[PlannedFile], bool]) -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            unasked = [command for command in commands if self._is_to_ask(command)]
            for outcomes in pool.map(self._fetch_command, unasked):
                self._note(outcomes)
            files = [
                file
                for command in commands
                for file in (*self._plan_large_logs(command), *self._plan(command))
                if wanted(file) and not self._is_settled(file)
            ]
            # Files that an earlier receive could not fetch come last: they may be broken for good,
            # and must not use up the time of the others. So do large logs, which wait for another.
            files.sort(
                key=lambda file: (file.resource_id is None, file.key in self._earlier.pending)
            )
            self._note(pool.map(self._fetch_file, files))

    def _plan_large_logs(self, command: Command) -> Iterable[PlannedFile]:
        if command.id not in self._large_logs:
            return ()
        return plan_logs(self._prefix, self._event, command)

    def _plan(self, command: Command) -> list[PlannedFile]:
        """The command's resources: named by the event, listed by the API, or listed earlier.

        A stored resource stays listed even after Paradime has forgotten it.
        """
        listed = self._listed.get(command.id, ())
        unlisted = command.id not in self._listed
        planned = plan_resources(
            self._prefix, self._event, command, listed, self._artifact_patterns
        )
        keys = {file.key for file in planned}
        return planned + [
            file
            for file in self._earlier.resources(command.id)
            if file.key not in keys and (unlisted or file.key in self._stored)
        ]

    def _is_to_ask(self, command: Command) -> bool:
        if command.id in self._listed:
            return False
        error = self._not_listed.get(command.id)
        return error is None or isinstance(error, OutOfTimeError)

    def _is_settled(self, file: PlannedFile) -> bool:
        outcome = self._outcomes.get(file.key)
        if isinstance(outcome, PendingFile):
            return not isinstance(outcome.error, OutOfTimeError)
        return outcome is not None

    def _note(self, outcomes: Iterable[FileOutcome]) -> None:
        for outcome in outcomes:
            self._outcomes[outcome.planned.key] = outcome

    def stored_outcomes(self) -> list[FileOutcome]:
        """The outcomes; a pending file that an earlier receive stored counts as archived."""
        return [
            self._stored_or(outcome) if isinstance(outcome, PendingFile) else outcome
            for outcome in self._outcomes.values()
        ]

    def _fetch_command(self, command: Command) -> list[FileOutcome]:
        """Stores a command's logs, and notes the list of its resources that comes with them.

        Logs that are too large for an answer become files to be fetched.
        """
        logs = plan_logs(self._prefix, self._event, command)
        absent = any(log.key not in self._stored for log in logs)
        try:
            try:
                answer = self._ask_command(command, with_logs=absent)
            except AnswerTooLargeError:
                answer = self._ask_command(command, with_logs=False)
                self._large_logs.add(command.id)
                kept = []
            else:
                texts = (answer.stdout, answer.stderr)
                if absent and texts == (None, None) and command.start_dttm is not None:
                    not_there = NotThereError(f"Paradime has no logs of command {command.id}")
                    kept = [self._without(log, not_there) for log in logs]
                else:
                    kept = [
                        self._keep(log, partial(self._put_log, log, text))
                        for log, text in zip(logs, texts, strict=True)
                    ]
        except TryAgainError as e:
            self._not_listed[command.id] = e
            return [self._without(log, e) for log in logs]
        self._note_list(command, answer)
        return kept

    def _note_list(self, command: Command, answer: CommandAnswer) -> None:
        self._listed[command.id] = [
            ListedResource(found.id, found.path) for found in answer.resources or ()
        ]

    def _ask_command(self, command: Command, *, with_logs: bool) -> CommandAnswer:
        self._deadline.check()
        return self._api.ask(lambda api: api.command(command.id, with_logs=with_logs))

    def _fetch_file(self, file: PlannedFile) -> FileOutcome:
        fetch = self._page if file.resource_id is None else self._download
        return self._keep(file, partial(fetch, file))

    def _keep(self, file: PlannedFile, store: Callable[[], StoredObject]) -> FileOutcome:
        """Stores a file unless it is stored already.

        An error with one file never stops the work on the others.
        """
        try:
            self._deadline.check()
            if file.key in self._stored and (kept := self._described(file)).planned == file:
                return kept
            stored = store()
            self.stored_count += 1
            return ArchivedFile(file, stored)
        except RunArchiveError as e:
            return self._without(file, e)

    def _without(self, file: PlannedFile, error: RunArchiveError) -> FileOutcome:
        """What Paradime says it does not have may still come until an hour after the run's end."""
        if self._is_gone(error) or error.disposition is Disposition.DEAD_LETTER:
            return self._stored_or(MissingFile(file, str(error)))
        return PendingFile(file, error)

    def _is_gone(self, error: RunArchiveError) -> bool:
        return isinstance(error, NotThereError) and not self._may_come

    def _stored_or(self, outcome: MissingFile | PendingFile) -> FileOutcome:
        """A stored file counts, whatever Paradime says about it now."""
        file = outcome.planned
        if file.key not in self._stored:
            return outcome
        try:
            return self._described(file)
        except UnavailableError as e:
            return PendingFile(file, e)

    def _described(self, file: PlannedFile) -> ArchivedFile:
        """A stored file, which may be that of another resource with the same key."""
        described = self._bucket.describe(file.key)
        own = described.resource_id is None or described.resource_id == file.resource_id
        planned = file if own else replace(file, resource_id=described.resource_id)
        return ArchivedFile(planned, described.stored)

    def _put_log(self, file: PlannedFile, log: bytes | None) -> StoredObject:
        return self._bucket.put(file.key, log or b"", self._metadata(file))

    def _page(self, file: PlannedFile) -> StoredObject:
        """Stores one of a command's large logs; the lines of the other are read and left out."""

        def ask(cursor: str) -> LogPage:
            return self._api.ask(lambda api: api.log_page(file.command_id, cursor))

        log = PagedLog(
            ask,
            "STDOUT" if file.path == STDOUT else "STDERR",
            max_bytes=self._downloader.max_bytes,
            deadline=self._deadline,
        )
        with self._paging:
            return self._put_stream(file, log)

    def _download(self, file: PlannedFile) -> StoredObject:
        assert file.resource_id is not None
        try:
            return self._download_once(file, file.resource_id)
        except LinkRefusedError:
            # It may have expired between asking and fetching: try one new link.
            return self._download_once(file, file.resource_id)

    def _download_once(self, file: PlannedFile, resource_id: int) -> StoredObject:
        url = self._api.ask(lambda api: api.resource_url(resource_id))
        with self._downloader.open(url, file.path, self._deadline) as stream:
            return self._put_stream(file, stream)

    def _put_stream(self, file: PlannedFile, stream: CountedStream) -> StoredObject:
        self._bucket.put_stream(file.key, stream, self._metadata(file))
        return StoredObject(stream.bytes_read, stream.sha256)

    def _metadata(self, file: PlannedFile) -> dict[str, str]:
        """An object's own metadata: ASCII, and below S3's limit of 2 KB."""
        metadata = {
            "run": self._event.run_key,
            "command": str(file.command_id),
            "path": quote(file.path, errors="replace")[:1024],
        }
        if file.resource_id is not None:
            metadata[RESOURCE] = str(file.resource_id)
        return metadata
