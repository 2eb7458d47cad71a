"""The sweep Lambda: imports, on a schedule, the runs whose webhook never arrived."""

import os
import random
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from msgspec import Struct
from msgspec.structs import asdict

from functions.aws.client import aws_session
from functions.aws.schedules import Schedules
from functions.history.lateness import Late
from functions.shared.deadline import Deadline
from functions.shared.errors import AskedToWaitError, OutOfTimeError, RunArchiveError
from functions.shared.metrics import Metric, namespace
from functions.sweep.compare import is_stale
from functions.sweep.settings import Settings
from functions.sweep.sweep import (
    Fault,
    Imported,
    Requeued,
    Searched,
    Sweeper,
    WorkspaceSweep,
    new_sweeper,
)
from functions.sweep.workspaces import Workspace

logger = Logger(service="sweep")
metrics = Metrics(namespace=namespace(), service="sweep")


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Returns the fields of `Tally`, for whoever invokes the function by hand."""
    deadline = Deadline(context.get_remaining_time_in_millis)
    try:
        tally = worker().sweep(datetime.now(UTC), deadline)
    except Exception:
        # Lambda counts the error, as it counts timeouts. But its own log line is not JSON.
        logger.exception("sweep failed")
        # Powertools warns if an invocation emits no metric.
        metrics.add_metric(Metric.RUNS_SWEPT, MetricUnit.Count, 0)
        raise
    metrics.add_metric(Metric.RUNS_SWEPT, MetricUnit.Count, tally.runs)
    for metric, count in {
        Metric.RUNS_FOUND_MISSING: tally.missing,
        Metric.SWEEP_FAULTS: tally.faults,
        Metric.RUNS_STALE: tally.stale,
    }.items():
        if count:  # a metric costs money in every hour in which it is emitted
            metrics.add_metric(metric, MetricUnit.Count, count)
    logger.info("sweep finished", **asdict(tally))
    return asdict(tally)


class Tally(Struct, kw_only=True):
    """The result of a sweep.

    `missing` runs had no completed record, `requeued` ones had one but were not queued, `stale`
    ones are still recorded as running, and so many schedules and runs were announced as `late`.
    `complete` is False if the time ran out.
    """

    runs: int = 0
    missing: int = 0
    requeued: int = 0
    queued: int = 0
    faults: int = 0
    stale: int = 0
    late: int = 0
    complete: bool = True


class Worker:
    """Sweeps all workspaces, and remembers where it ran out of time."""

    def __init__(self, settings: Settings, sweeper: Sweeper) -> None:
        self._lookback = timedelta(hours=settings.sweep_lookback_hours)
        self._stale = timedelta(hours=settings.stale_hours)
        self._sweeper = sweeper

    def sweep(self, now: datetime, deadline: Deadline) -> Tally:
        """
        Raises:
            CredentialsMissingError: the API secret is malformed.
            UnavailableError: the workspaces could not be read.
        """
        tally = Tally()
        workspaces = self._sweeper.known_workspaces()
        # So that no workspace waits for ever behind one that takes all the time.
        random.shuffle(workspaces)
        for workspace in workspaces:
            logger.append_keys(workspace_uid=workspace.uid)
            try:
                self._sweep_workspace(workspace, now, deadline, tally)
            except OutOfTimeError:
                tally.complete = False
                break
            except RunArchiveError as e:
                _count(Fault(subject=f"workspace {workspace.uid}", reason=str(e)), tally)
        logger.remove_keys(["workspace_uid"])
        return tally

    def _sweep_workspace(
        self, workspace: Workspace, now: datetime, deadline: Deadline, tally: Tally
    ) -> None:
        since = now - self._lookback
        # Once stale, a run is counted for as long as a sweep looks back.
        read_since = since - self._stale
        deadline.check()
        known = self._sweeper.index.since(workspace.uid, read_since)
        for requeued in self._sweeper.requeue_lost(workspace, known.values(), now):
            _count(requeued, tally)
        schedules = self._sweeper.schedules.of_workspace(workspace.uid)
        for caught_up in self._sweeper.catch_up(workspace, known.values(), schedules.states, now):
            _count(caught_up, tally)
        try:
            if workspace.api_url:
                opened = self._sweeper.open(
                    workspace, workspace.api_url, known, since=since, now=now, deadline=deadline
                )
                self._sweep_schedules(opened, schedules, tally)
        finally:
            tally.stale += sum(is_stale(run, now=now, after=self._stale) for run in known.values())

    def _sweep_schedules(self, opened: WorkspaceSweep, schedules: Schedules, tally: Tally) -> None:
        resume_after = opened.workspace.resume_after
        try:
            for searched in opened.search():
                _count(searched, tally)
                if isinstance(searched, Searched):
                    for imported in opened.import_runs(searched):
                        _count(imported, tally)
                    self._announce_late(opened, searched, schedules, tally)
                    resume_after = searched.schedule.key
        except (OutOfTimeError, AskedToWaitError):
            self._set_resume_point(opened.workspace, resume_after)
            raise
        self._set_resume_point(opened.workspace, None)

    def _announce_late(
        self, opened: WorkspaceSweep, searched: Searched, schedules: Schedules, tally: Tally
    ) -> None:
        try:
            for late in self._sweeper.watch.announce(
                opened.workspace, searched.schedule, opened.known.values(), schedules, opened.now
            ):
                _count(late, tally)
        except RunArchiveError as e:
            _count(Fault(subject=f"schedule {searched.schedule.key}", reason=str(e)), tally)

    def _set_resume_point(self, workspace: Workspace, after: str | None) -> None:
        if after != workspace.resume_after:
            self._sweeper.workspaces.set_resume_point(workspace.uid, after)


def _count(step: Searched | Imported | Requeued | Late | Fault, tally: Tally) -> None:
    match step:
        case Requeued():
            tally.requeued += 1
            tally.queued += 1
            logger.warning("lost pointer sent again", run_key=step.run_key)
        case Searched():
            tally.runs += step.runs
        case Imported():
            tally.missing += not step.known
            tally.requeued += step.known
            tally.queued += step.queued
            logger.warning(
                "missed run imported",
                run_key=step.event.run_key,
                schedule_name=step.event.schedule_name,
                queued=step.queued,
            )
        case Late():
            tally.late += 1
            logger.warning("late", event_type=step.lateness.value, run_id=step.run_id)
        case Fault():
            tally.faults += 1
            logger.warning("could not be swept", subject=step.subject, reason=step.reason)


@cache
def worker() -> Worker:
    settings = Settings.read()
    aws: Any = aws_session()  # boto3's stubs know its clients by literal names only
    return Worker(settings, new_sweeper(settings, aws.client))


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Lambda gives the start-up a whole processor, and invocations only a share of one.
    worker()
