"""The names of all metrics, in the namespace `ParadimeRunArchive`.

The functions emit them and the alarms and the dashboard read them: one list for both.
"""

from enum import StrEnum

NAMESPACE = "ParadimeRunArchive"


class Metric(StrEnum):
    DELIVERIES_ACCEPTED = "DeliveriesAccepted"
    DELIVERIES_QUARANTINED = "DeliveriesQuarantined"
    DELIVERIES_REFUSED = "DeliveriesRefused"
    DELIVERIES_TOO_LARGE = "DeliveriesTooLarge"
    DELIVERIES_UNAVAILABLE = "DeliveriesUnavailable"
    RUNS_ARCHIVED = "RunsArchived"
    RUNS_GIVEN_UP = "RunsGivenUp"
    RUNS_TO_TRY_AGAIN = "RunsToTryAgain"
    FAULTS = "Faults"
    FILES_STORED = "FilesStored"
    FILES_MISSING = "FilesMissing"
    BYTES_STORED = "BytesStored"
    RUNS_SWEPT = "RunsSwept"
    RUNS_FOUND_MISSING = "RunsFoundMissing"
    RUNS_STALE = "RunsStale"
    SWEEP_FAULTS = "SweepFaults"
