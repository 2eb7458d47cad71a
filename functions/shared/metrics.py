"""The names of all metrics.

The functions emit them, and the alarms and the dashboard read them: one list for both. Each costs
$0.30 a month in CloudWatch, by the hour, in hours in which it is emitted. So none has a dimension
besides `service`. What differs by schedule is in the logs, which the dashboard queries.
"""

import os
from enum import StrEnum


def namespace() -> str:
    """The stack's name, so that several stages in one account are counted separately."""
    return os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "ParadimeRunArchive")


class Metric(StrEnum):
    """`docs/reference.md` repeats the descriptions."""

    DELIVERIES_ACCEPTED = "DeliveriesAccepted"
    """genuine deliveries that were recorded: answered 202"""
    DELIVERIES_QUARANTINED = "DeliveriesQuarantined"
    """genuine deliveries that could not be understood"""
    DELIVERIES_REFUSED = "DeliveriesRefused"
    """deliveries that could not be shown to be genuine: answered 401"""
    DELIVERIES_TOO_LARGE = "DeliveriesTooLarge"
    """deliveries that are too large to be stored: answered 413"""
    DELIVERIES_UNAVAILABLE = "DeliveriesUnavailable"
    """deliveries that could not be stored because an AWS service failed: answered 503"""
    RUNS_SUCCEEDED = "RunsSucceeded"
    """runs that succeeded, counted whenever a completed delivery is accepted"""
    RUNS_FAILED = "RunsFailed"
    """runs that failed, counted in the same way"""
    RUNS_ENDED_OTHERWISE = "RunsEndedOtherwise"
    """runs that were canceled, skipped and the like, counted in the same way"""
    RUNS_ARCHIVED = "RunsArchived"
    """archives that are complete, apart from files that are missing for good"""
    RUNS_GIVEN_UP = "RunsGivenUp"
    """runs whose pointer went to the dead-letter queue"""
    RUNS_TO_TRY_AGAIN = "RunsToTryAgain"
    """attempts that ended without a complete archive, except last attempts"""
    FAULTS = "Faults"
    """attempts that ended because of a bug in this application"""
    FILES_STORED = "FilesStored"
    """files in complete archives"""
    FILES_MISSING = "FilesMissing"
    """files that are missing from them for good"""
    BYTES_STORED = "BytesStored"
    """bytes of the files in them"""
    FAILURES = "Failures"
    """failing nodes, and commands that failed without results: `failure_count` of the records"""
    ARCHIVE_DURATION = "ArchiveDuration"
    """duration in seconds of the attempt that completed the archive"""
    # Not of replays and sweeps, which do not show whether the archive keeps up. A run that is
    # retried is counted as well, so that a lag shows while it grows.
    ARCHIVE_LAG = "ArchiveLag"
    """seconds from a run's end to its first archive, if a webhook reported it; for a run that will
    be retried, the seconds that it has been queued so far"""
    RUNS_SWEPT = "RunsSwept"
    """runs within the look-back that a sweep checked"""
    RUNS_FOUND_MISSING = "RunsFoundMissing"
    """runs whose webhook never arrived and that the sweep imported"""
    RUNS_STALE = "RunsStale"
    """runs that have been recorded as running for longer than `staleHours`"""
    SWEEP_FAULTS = "SweepFaults"
    """workspaces, schedules and runs that could not be swept, and sweeps that failed"""
