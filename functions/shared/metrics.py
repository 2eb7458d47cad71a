"""The names of all metrics.

The functions emit them and the alarms and the dashboard read them: one list for both. CloudWatch
takes $0.30 a month for each, by the hour and only in hours in which it is emitted. So none has a
dimension but `service`: what differs by schedule is in the logs, which the dashboard asks.
"""

import os
from enum import StrEnum


def namespace() -> str:
    """The stack's name, so that the stages of one account do not count together."""
    return os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "ParadimeRunArchive")


class Metric(StrEnum):
    """What each counts stands below it, and in `docs/reference.md`."""

    DELIVERIES_ACCEPTED = "DeliveriesAccepted"
    """genuine deliveries that are recorded and answered 202"""
    DELIVERIES_QUARANTINED = "DeliveriesQuarantined"
    """genuine deliveries that could not be understood"""
    DELIVERIES_REFUSED = "DeliveriesRefused"
    """deliveries that are not shown to be genuine: answered 401"""
    DELIVERIES_TOO_LARGE = "DeliveriesTooLarge"
    """deliveries that cannot be stored for their size: answered 413"""
    DELIVERIES_UNAVAILABLE = "DeliveriesUnavailable"
    """deliveries that an AWS service did not take: answered 503"""
    RUNS_SUCCEEDED = "RunsSucceeded"
    """runs that succeeded, each time that a completed delivery of one is accepted"""
    RUNS_FAILED = "RunsFailed"
    """runs that failed, counted likewise"""
    RUNS_ENDED_OTHERWISE = "RunsEndedOtherwise"
    """runs that were canceled, skipped and the like, counted likewise"""
    RUNS_ARCHIVED = "RunsArchived"
    """archives that are complete, but for what is missing for good"""
    RUNS_GIVEN_UP = "RunsGivenUp"
    """runs whose pointer went to the dead-letter queue"""
    RUNS_TO_TRY_AGAIN = "RunsToTryAgain"
    """receives that ended without a complete archive, and not the last ones"""
    FAULTS = "Faults"
    """receives that a fault of this application's own code ended"""
    FILES_STORED = "FilesStored"
    """files in the archives that are complete"""
    FILES_MISSING = "FilesMissing"
    """files that are missing from them for good"""
    BYTES_STORED = "BytesStored"
    """bytes of the files in them"""
    FAILURES = "Failures"
    """failing nodes, and commands that failed without results: `failure_count` of the records"""
    ARCHIVE_DURATION = "ArchiveDuration"
    """seconds that fetching and storing took, of the receive that completed the archive"""
    # Not of a replay or a sweep, which say nothing of how the archive keeps up. While a run is
    # tried again it is counted as well: a lag is to be seen while it grows.
    ARCHIVE_LAG = "ArchiveLag"
    """seconds from a run's end to its first archive, if a webhook told of it; of a run that is to
    be tried again, seconds that it has been queued so far"""
    RUNS_SWEPT = "RunsSwept"
    """runs within the look-back that a sweep looked at"""
    RUNS_FOUND_MISSING = "RunsFoundMissing"
    """runs of which no delivery had told, and that the sweep took in"""
    RUNS_STALE = "RunsStale"
    """runs that are recorded as running for longer than `staleHours`"""
    SWEEP_FAULTS = "SweepFaults"
    """workspaces, schedules and runs that a sweep could not look after, or a sweep that failed"""
