"""Takes deliveries into the table, and the runs to be archived into the run queue."""

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
    """`archive` says which completed runs are archived, `keep` how long a record lives."""

    table: RunsTable
    runs: Queue
    archive: Literal["failures", "all"]
    keep: timedelta

    def archives(self, event: RunEvent) -> bool:
        return event.completed and (self.archive == "all" or run_failed(event))

    def take(self, delivery: Delivery) -> bool:
        """Records a delivery and queues its run; whether it queued it.

        If this fails or stops halfway, the delivery is to be taken again.

        Raises:
            TooLargeError: it does not fit into a record.
            UnavailableError: DynamoDB or SQS did not take it.
        """
        queue = self.archives(delivery.event)
        self.table.merge(delivery, archive=queue, keep=self.keep)
        if queue:
            self.runs.send(pointer_to(delivery.event).to_json())
        return queue

    def take_found(self, delivery: Delivery) -> bool:
        """The same for what nobody delivers again.

        The record says that the run is queued only once it is: wherever this stops, the record
        tells the next sweep that something is left to do. It costs a second write.

        Raises:
            TooLargeError: it does not fit into a record.
            UnavailableError: DynamoDB or SQS did not take it.
        """
        self.table.merge(delivery, archive=False, keep=self.keep)
        queue = self.archives(delivery.event)
        if queue:
            self.runs.send(pointer_to(delivery.event).to_json())
            self.table.merge(delivery, archive=True, keep=self.keep)
        return queue
