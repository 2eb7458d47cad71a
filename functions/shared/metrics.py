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
    DELIVERIES_ACCEPTED = "DeliveriesAccepted"
    DELIVERIES_QUARANTINED = "DeliveriesQuarantined"
    DELIVERIES_REFUSED = "DeliveriesRefused"
    DELIVERIES_TOO_LARGE = "DeliveriesTooLarge"
    DELIVERIES_UNAVAILABLE = "DeliveriesUnavailable"
    # Of completed runs, as their deliveries are accepted: one that comes twice counts twice.
    RUNS_SUCCEEDED = "RunsSucceeded"
    RUNS_FAILED = "RunsFailed"
    RUNS_ENDED_OTHERWISE = "RunsEndedOtherwise"
    RUNS_ARCHIVED = "RunsArchived"
    RUNS_GIVEN_UP = "RunsGivenUp"
    RUNS_TO_TRY_AGAIN = "RunsToTryAgain"
    FAULTS = "Faults"
    FILES_STORED = "FilesStored"
    FILES_MISSING = "FilesMissing"
    BYTES_STORED = "BytesStored"
    # What `failure_count` says of a run: failing nodes, and commands that failed without results.
    FAILURES = "Failures"
    # Seconds that fetching and storing took, of the receive that completed the archive.
    ARCHIVE_DURATION = "ArchiveDuration"
    # Seconds from a run's end to its archive; only of the first archive of what a webhook told,
    # since a replay or a sweep says nothing of how the archive keeps up. Of a run that is to be
    # tried again, the seconds that it has been queued so far: a lag is to be seen while it grows.
    ARCHIVE_LAG = "ArchiveLag"
    RUNS_SWEPT = "RunsSwept"
    RUNS_FOUND_MISSING = "RunsFoundMissing"
    RUNS_STALE = "RunsStale"
    SWEEP_FAULTS = "SweepFaults"
