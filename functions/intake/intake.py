"""Records deliveries, and queues the runs that are to be archived."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from functions.aws.queue import Queue
from functions.aws.table import RunsTable
from functions.intake.pointer import Pointer, pointer_to
from functions.run.event import RunEvent
from functions.run.outcome import run_failed
from functions.run.record import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """`archive` says which completed runs are archived, `keep` how long a record is kept."""

    table: RunsTable
    runs: Queue
    archive: Literal["failures", "all"]
    keep: timedelta

    def should_archive(self, event: RunEvent) -> bool:
        return event.completed and (self.archive == "all" or run_failed(event))

    def accept(self, delivery: Delivery) -> bool:
        """Records a delivery, and queues its run if it is to be archived; True if it is.

        If this fails or stops halfway, the delivery has to come again.

        Raises:
            TooLargeError: the delivery does not fit into a record.
            UnavailableError: DynamoDB or SQS failed.
        """
        queue = self.should_archive(delivery.event)
        self.table.merge(delivery, archive=queue, keep=self.keep)
        if queue:
            self.runs.send(pointer_to(delivery.event).to_json())
        return queue

    def requeue(self, run_key: str, now: datetime) -> bool:
        """Sends a run's pointer again if the record says `queued` but nobody has received one.

        That happens if ingest stops between record and pointer, or SQS refuses the pointer, and the
        sender does not deliver again. Returns whether a pointer was sent.

        Raises:
            UnavailableError: DynamoDB or SQS failed.
        """
        if not self.table.claim_requeue(run_key, now):
            return False
        workspace_uid, _, run_id = run_key.partition("#")
        self.runs.send(Pointer(workspace_uid=workspace_uid, run_id=int(run_id)).to_json())
        return True

    def import_run(self, delivery: Delivery) -> bool:
        """The same for a run that a sweep found, which nobody delivers again.

        The record says "queued" only once the pointer is sent. So wherever this stops, the next
        sweep sees from the record that something is left to do. The price is a second write.

        Raises:
            TooLargeError: the delivery does not fit into a record.
            UnavailableError: DynamoDB or SQS failed.
        """
        self.table.merge(delivery, archive=False, keep=self.keep)
        queue = self.should_archive(delivery.event)
        if queue:
            self.runs.send(pointer_to(delivery.event).to_json())
            self.table.merge(delivery, archive=True, keep=self.keep)
        return queue
