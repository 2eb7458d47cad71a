"""Records deliveries, and queues the runs that are to be archived."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from functions.aws.queue import Queue
from functions.aws.table import RunsTable
from functions.intake.pointer import pointer_to
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
