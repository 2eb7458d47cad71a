"""The sweep Lambda: on a schedule, takes in the runs of which no delivery came."""

import os
import random
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws.client import CLIENT_CONFIG
from functions.shared.deadline import Deadline
from functions.shared.errors import AskedToWaitError, OutOfTimeError, RunArchiveError
from functions.shared.metrics import Metric, namespace
from functions.sweep.compare import is_stale
from functions.sweep.settings import Settings
from functions.sweep.sweep import Fault, Searched, Sweeper, Taken, WorkspaceSweep, new_sweeper
from functions.sweep.workspaces import Workspace

logger = Logger(service="sweep")
metrics = Metrics(namespace=namespace(), service="sweep")


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """What the sweep came to, for who invokes it by hand: the fields of `Tally`."""
    deadline = Deadline(context.get_remaining_time_in_millis)
    try:
        tally = worker().sweep(datetime.now(UTC), deadline)
    except Exception:
        # Lambda counts it, as it counts one that is stopped. Its own line would be no JSON.
        logger.exception("sweep failed")
        # Powertools warns of an invocation without any metric.
        metrics.add_metric(Metric.RUNS_SWEPT, MetricUnit.Count, 0)
        raise
    metrics.add_metric(Metric.RUNS_SWEPT, MetricUnit.Count, tally.runs)
    for metric, count in {
        Metric.RUNS_FOUND_MISSING: tally.missing,
        Metric.SWEEP_FAULTS: tally.faults,
        Metric.RUNS_STALE: tally.stale,
    }.items():
        if count:  # a metric is paid for in each hour that has it
            metrics.add_metric(metric, MetricUnit.Count, count)
    logger.info("swept", **asdict(tally))
    return asdict(tally)


@dataclass(kw_only=True)
class Tally:
    """What a sweep came to.

    `missing` had no completed record, `requeued` had one but were not queued, `stale` are still
    recorded as running; `complete` is False when its time ran out.
    """

    runs: int = 0
    missing: int = 0
    requeued: int = 0
    queued: int = 0
    faults: int = 0
    stale: int = 0
    complete: bool = True


class Worker:
    """Sweeps all workspaces, and keeps where it ran out of time."""

    def __init__(self, settings: Settings, sweeper: Sweeper) -> None:
        self._lookback = timedelta(hours=settings.sweep_lookback_hours)
        self._stale = timedelta(hours=settings.stale_hours)
        self._sweeper = sweeper

    def sweep(self, now: datetime, deadline: Deadline) -> Tally:
        """
        Raises:
            CredentialsMissingError: the API secret is malformed.
            UnavailableError: which workspaces there are could not be read.
        """
        tally = Tally()
        workspaces = self._sweeper.known_workspaces()
        # So that none waits for ever behind one that takes all the time.
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
        # A run counts as stale for as long as a sweep looks back, once it has become so.
        read_since = since - self._stale
        deadline.check()
        opened = self._sweeper.open(
            workspace, since=since, read_since=read_since, now=now, deadline=deadline
        )
        try:
            self._sweep_schedules(opened, tally)
        finally:
            known = opened.known.values()
            tally.stale += sum(is_stale(run, now=now, after=self._stale) for run in known)

    def _sweep_schedules(self, opened: WorkspaceSweep, tally: Tally) -> None:
        resume_after = opened.workspace.resume_after
        try:
            for searched in opened.search():
                _count(searched, tally)
                if isinstance(searched, Searched):
                    for taken in opened.take(searched):
                        _count(taken, tally)
                    resume_after = searched.schedule.key
        except (OutOfTimeError, AskedToWaitError):
            self._set_resume_point(opened.workspace, resume_after)
            raise
        self._set_resume_point(opened.workspace, None)

    def _set_resume_point(self, workspace: Workspace, after: str | None) -> None:
        if after != workspace.resume_after:
            self._sweeper.workspaces.set_resume_point(workspace.uid, after)


def _count(step: Searched | Taken | Fault, tally: Tally) -> None:
    match step:
        case Searched():
            tally.runs += step.runs
        case Taken():
            tally.missing += not step.known
            tally.requeued += step.known
            tally.queued += step.queued
            logger.warning(
                "run taken in that no delivery told of",
                run_key=step.event.run_key,
                schedule_name=step.event.schedule_name,
                queued=step.queued,
            )
        case Fault():
            tally.faults += 1
            logger.warning("not swept this time", subject=step.subject, reason=step.reason)


@cache
def worker() -> Worker:
    settings = Settings.read()
    return Worker(settings, new_sweeper(settings, partial(boto3.client, config=CLIENT_CONFIG)))


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Lambda gives its start-up a whole processor and the calls only a share of one.
    worker()
