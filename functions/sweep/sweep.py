"""Sweeps one workspace: searches its schedules for runs that were missed, and takes them in.

The search and the taking in are apart, and both are iterators: who drives them counts, reports
or stops in between. A fault of the API costs only the schedule, or the run, that it befell.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.aws.queue import Queue
from functions.aws.secret import Secret
from functions.aws.table import RunsTable
from functions.aws.workspaces import WorkspacesTable
from functions.intake.intake import Intake
from functions.paradime.bolt import BoltApi, ListedRun, ListedSchedule
from functions.paradime.connector import ApiConnector
from functions.paradime.credentials import parse_api_secret
from functions.paradime.pace import Pace
from functions.paradime.session import new_session
from functions.run import event as events
from functions.run.record import Delivery, Source
from functions.shared.deadline import Deadline
from functions.shared.errors import AskedToWaitError, OutOfTimeError, RunArchiveError
from functions.sweep.compare import KnownRun, known_run, missed
from functions.sweep.index import RunIndex
from functions.sweep.rebuild import completed_payload
from functions.sweep.settings import Settings
from functions.sweep.workspaces import Workspace, known_workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A schedule that was looked at: its runs within the look-back, and those that were missed."""

    schedule: ListedSchedule
    runs: int
    missed: list[ListedRun]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A run that was taken in; `known` when it had a completed record that was not queued."""

    event: events.RunEvent
    queued: bool
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What could not be swept this time: a schedule or run in words, and why."""

    subject: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSweep:
    """One workspace's API beside what is known of its records: `known` is kept up to date."""

    workspace: Workspace
    bolt: BoltApi
    known: dict[int, KnownRun]
    intake: Intake
    since: datetime
    now: datetime

    def search(self, only: str | None = None) -> Iterator[Searched | Fault]:
        """Looks at each schedule in turn, behind the one at which the last sweep stopped.

        `only` is the name or slug of the one schedule to look at.

        Raises:
            OutOfTimeError: the function's time is nearly over.
            AskedToWaitError: the API wants no more questions for now.
            TryAgainError: the API does not list its schedules.
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

    def take(self, searched: Searched) -> Iterator[Taken | Fault]:
        """Takes the missed runs of a schedule in, each by itself.

        Raises:
            OutOfTimeError, AskedToWaitError: as above; what was taken in stays.
        """
        for run in searched.missed:
            try:
                yield self._take(searched.schedule, run)
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

    def _take(self, schedule: ListedSchedule, run: ListedRun) -> Taken:
        commands = [
            (command, self.bolt.resources(command.id)) for command in self.bolt.commands(run.id)
        ]
        body = completed_payload(self.workspace, schedule, run, commands)
        event = events.parse(body)
        queued = self.intake.take_found(
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
        return Taken(event=event, queued=queued, known=former is not None and former.completed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """Opens sweeps of the workspaces that it knows."""

    index: RunIndex
    workspaces: WorkspacesTable
    intake: Intake
    api_secret: Secret
    connector: ApiConnector

    def known_workspaces(self) -> list[Workspace]:
        """
        Raises:
            CredentialsMissingError: the API secret is malformed.
            UnavailableError: DynamoDB or Secrets Manager did not answer.
        """
        return known_workspaces(self.workspaces.read(), parse_api_secret(self.api_secret.text()))

    def open(
        self,
        workspace: Workspace,
        *,
        since: datetime,
        read_since: datetime,
        now: datetime,
        deadline: Deadline,
    ) -> WorkspaceSweep:
        """`read_since` is how far back the records are read, at least to `since`.

        Raises:
            AddressRefusedError: the workspace's address is none to send credentials to.
            CredentialsMissingError: there are none for it.
            UnavailableError: DynamoDB or Secrets Manager did not answer.
        """
        connect = self.connector.to(workspace.api_url, workspace.uid)
        return WorkspaceSweep(
            workspace=workspace,
            bolt=BoltApi(connect(self.api_secret.text()), Pace(), deadline),
            known=self.index.since(workspace.uid, read_since),
            intake=self.intake,
            since=since,
            now=now,
        )


def new_sweeper(settings: Settings, client: Callable[[str], Any]) -> Sweeper:
    """`client` makes the boto3 client of a service."""
    dynamodb = client("dynamodb")
    return Sweeper(
        index=RunIndex(dynamodb, settings.table_name),
        workspaces=WorkspacesTable(dynamodb, settings.workspaces_table_name),
        intake=Intake(
            table=RunsTable(dynamodb, settings.table_name),
            runs=Queue(client("sqs"), settings.queue_url),
            archive=settings.archive,
            keep=timedelta(days=settings.retention_days),
        ),
        api_secret=Secret(client("secretsmanager"), settings.api_secret_arn),
        connector=ApiConnector(
            session=new_session(1, allow_loopback=settings.allow_loopback),
            hosts=settings.api_hosts,
            allow_loopback=settings.allow_loopback,
        ),
    )


def in_turn(schedules: list[ListedSchedule], after: str | None) -> list[ListedSchedule]:
    """All schedules, those behind `after` first; they come sorted."""
    if after is None:
        return schedules
    rest = [schedule for schedule in schedules if schedule.key > after]
    return rest + schedules[: len(schedules) - len(rest)]
