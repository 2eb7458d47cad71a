"""Sweeps one workspace: searches its schedules for missed runs, and imports them.

Searching and importing are separate iterators, so that the caller can count, report, or stop in
between. A failing question to the API costs only the schedule or run that it was about.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import requests
from msgspec import Struct

from functions.aws.chronicle import Chronicle
from functions.aws.queue import Queue
from functions.aws.schedules import ScheduleKey, SchedulesTable
from functions.aws.secret import Secret
from functions.aws.table import RunsTable
from functions.aws.topic import Topic
from functions.aws.workspaces import WorkspacesTable
from functions.history.state import ScheduleState
from functions.intake.intake import Intake
from functions.paradime.api import ParadimeApi
from functions.paradime.bolt import BoltApi, ListedRun, ListedSchedule
from functions.paradime.credentials import parse_api_secret
from functions.paradime.headers import HeaderProvider
from functions.paradime.pace import Pace
from functions.paradime.session import new_session
from functions.run import event as events
from functions.run.record import Delivery, Source
from functions.shared.deadline import Deadline
from functions.shared.errors import AskedToWaitError, OutOfTimeError, RunArchiveError
from functions.sweep.compare import GRACE, KnownRun, forgotten, known_run, missed, possibly_lost
from functions.sweep.index import RunIndex
from functions.sweep.rebuild import completed_payload
from functions.sweep.settings import Settings
from functions.sweep.watch import Watch
from functions.sweep.workspaces import Workspace, known_workspaces


class Searched(Struct, frozen=True, kw_only=True):
    """A searched schedule: the number of its runs within the look-back, and the missed ones."""

    schedule: ListedSchedule
    runs: int
    missed: list[ListedRun]


class Imported(Struct, frozen=True, kw_only=True):
    """A run after its import; `known` if it had a completed record already, but was not queued."""

    event: events.RunEvent
    queued: bool
    known: bool


class Requeued(Struct, frozen=True, kw_only=True):
    """A queued run whose pointer was sent again."""

    run_key: str


class Fault(Struct, frozen=True, kw_only=True):
    """A schedule or run, in words, that could not be swept this time, and why."""

    subject: str
    reason: str


class WorkspaceSweep(Struct, frozen=True, kw_only=True):
    """One workspace's API and its records: `known` is kept up to date."""

    workspace: Workspace
    bolt: BoltApi
    known: dict[int, KnownRun]
    intake: Intake
    since: datetime
    now: datetime

    def search(self, only: str | None = None) -> Iterator[Searched | Fault]:
        """Searches the schedules in turn, starting after the one at which the last sweep stopped.

        `only` restricts the search to the schedule with that name or slug.

        Raises:
            OutOfTimeError: the function's time is nearly over.
            AskedToWaitError: the API wants no more questions for now.
            TryAgainError: the API does not list the schedules.
        """
        for schedule in in_turn(self.bolt.schedules(), self.workspace.resume_after):
            if only not in (None, schedule.name, schedule.slug):
                continue
            try:
                yield self._search(schedule)
            except (OutOfTimeError, AskedToWaitError):
                raise
            except RunArchiveError as e:
                yield Fault(subject=f"schedule {schedule.key}", reason=str(e))

    def import_runs(self, searched: Searched) -> Iterator[Imported | Fault]:
        """Imports the missed runs of a schedule one by one.

        Raises:
            OutOfTimeError, AskedToWaitError: as above; what was imported stays.
        """
        for run in searched.missed:
            try:
                yield self._import(searched.schedule, run)
            except (OutOfTimeError, AskedToWaitError):
                raise
            except RunArchiveError as e:
                yield Fault(subject=f"run {self.workspace.uid}/{run.id}", reason=str(e))

    def _search(self, schedule: ListedSchedule) -> Searched:
        runs = self.bolt.runs(schedule, self.since)
        archive_all = self.intake.archive == "all"
        return Searched(
            schedule=schedule,
            runs=len(runs),
            missed=missed(runs, self.known, archive_all=archive_all, now=self.now),
        )

    def _import(self, schedule: ListedSchedule, run: ListedRun) -> Imported:
        commands = [
            (command, self.bolt.resources(command.id)) for command in self.bolt.commands(run.id)
        ]
        body = completed_payload(self.workspace, schedule, run, commands)
        event = events.parse(body)
        queued = self.intake.import_run(
            Delivery(
                event=event,
                body=body,
                delivery_id="sweep",
                received_at=self.now,
                source=Source.SWEEP,
            )
        )
        former = self.known.get(run.id)
        self.known[run.id] = known_run(event, queued=queued)
        return Imported(event=event, queued=queued, known=former is not None and former.completed)


class Sweeper(Struct, frozen=True, kw_only=True):
    """Starts sweeps of workspaces."""

    index: RunIndex
    workspaces: WorkspacesTable
    schedules: SchedulesTable
    watch: Watch
    intake: Intake
    session: requests.Session
    headers: HeaderProvider

    def known_workspaces(self) -> list[Workspace]:
        """
        Raises:
            CredentialsMissingError: the API secret is malformed.
            UnavailableError: DynamoDB or Secrets Manager failed.
        """
        return known_workspaces(
            self.workspaces.read(), parse_api_secret(self.headers.secret.read().text)
        )

    def requeue_lost(
        self, workspace: Workspace, known: Iterable[KnownRun], now: datetime
    ) -> Iterator[Requeued | Fault]:
        """Sends the pointers of queued runs again that nobody has received.

        The records alone tell which, so Paradime's API is not asked.
        """
        for run in possibly_lost(known, now=now):
            run_key = f"{workspace.uid}#{run.run_id}"
            try:
                if self.intake.requeue(run_key, now):
                    yield Requeued(run_key=run_key)
            except RunArchiveError as e:
                yield Fault(subject=f"run {workspace.uid}/{run.run_id}", reason=str(e))

    def catch_up(
        self,
        workspace: Workspace,
        known: Iterable[KnownRun],
        states: Mapping[str, ScheduleState],
        now: datetime,
    ) -> Iterator[Requeued | Fault]:
        """Reports recorded runs that their schedules do not know, and queues recoveries that were
        not announced. The tables alone tell which.
        """
        for key, run in forgotten(known, states, workspace.uid):
            try:
                self.intake.remember(
                    ScheduleKey(workspace_uid=workspace.uid, schedule_key=key), run.run_id
                )
            except RunArchiveError as e:
                yield Fault(subject=f"run {workspace.uid}/{run.run_id}", reason=str(e))
        for key, state in states.items():
            if (recovery := state.recovery) and recovery.started_at < now - GRACE:
                try:
                    self.intake.announce_recovery(workspace.uid, state)
                    yield Requeued(run_key=f"{workspace.uid}#{recovery.run_id}")
                except RunArchiveError as e:
                    yield Fault(subject=f"schedule {key}", reason=str(e))

    def open(
        self,
        workspace: Workspace,
        api_url: str,
        known: dict[int, KnownRun],
        *,
        since: datetime,
        now: datetime,
        deadline: Deadline,
    ) -> WorkspaceSweep:
        """`known` are the workspace's records, as far back as `since` or further.

        Raises:
            AddressRefusedError: no credentials are sent to that address.
            CredentialsMissingError: there are none for the workspace.
            UnavailableError: DynamoDB or Secrets Manager failed.
        """
        api = ParadimeApi(self.session, self.headers, api_url, workspace.uid)
        return WorkspaceSweep(
            workspace=workspace,
            bolt=BoltApi(api, Pace(), deadline),
            known=known,
            intake=self.intake,
            since=since,
            now=now,
        )


def new_sweeper(settings: Settings, client: Callable[[str], Any]) -> Sweeper:
    """`client` makes the boto3 client of a service."""
    dynamodb = client("dynamodb")
    workspaces = WorkspacesTable(dynamodb, settings.workspaces_table_name)
    table = RunsTable(dynamodb, settings.table_name)
    keep = timedelta(days=settings.retention_days)
    schedules = SchedulesTable(dynamodb, settings.schedules_table_name)
    return Sweeper(
        index=RunIndex(dynamodb, settings.table_name),
        workspaces=workspaces,
        schedules=schedules,
        watch=Watch(
            table=schedules,
            topic=Topic(client("sns"), settings.failed_runs_topic_arn),
            stuck_after=timedelta(hours=settings.stale_hours),
            keep=keep,
        ),
        intake=Intake(
            table=table,
            chronicle=Chronicle(schedules, table, keep),
            runs=Queue(client("sqs"), settings.queue_url),
            archive=settings.archive,
            history=settings.history,
            keep=keep,
        ),
        session=new_session(1, allow_loopback=settings.allow_loopback),
        headers=HeaderProvider(
            secret=Secret(client("secretsmanager"), settings.api_secret_arn),
            workspaces=workspaces,
            hosts=settings.api_hosts,
            allow_loopback=settings.allow_loopback,
        ),
    )


def in_turn(schedules: list[ListedSchedule], after: str | None) -> list[ListedSchedule]:
    """All schedules, which are sorted, with those behind `after` first."""
    if after is None:
        return schedules
    rest = [schedule for schedule in schedules if schedule.key > after]
    return rest + schedules[: len(schedules) - len(rest)]
