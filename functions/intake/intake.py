"""Records deliveries, and queues the runs that are to be archived or announced."""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from functions.aws.chronicle import Chronicle
from functions.aws.queue import Queue
from functions.aws.schedules import ScheduleKey
from functions.aws.table import RunsTable
from functions.history.state import ScheduleState
from functions.intake.pointer import ARCHIVE, HISTORY, RECOVERY, Pointer, pointer_to
from functions.run.event import RunEvent
from functions.run.outcome import run_failed
from functions.run.record import Delivery
from functions.shared.errors import UnavailableError


class Intake(Struct, frozen=True, kw_only=True):
    """`archive` says which completed runs are archived, `history` of which the rows for SQL are
    written, `keep` how long a record is kept.
    """

    table: RunsTable
    chronicle: Chronicle
    runs: Queue
    archive: Literal["failures", "all"]
    history: Literal["failures", "all"]
    keep: timedelta

    def should_archive(self, event: RunEvent) -> bool:
        return event.completed and (self.archive == "all" or run_failed(event))

    def _queue(self, event: RunEvent) -> bool:
        """Sends the pointer of a run that is to be archived, or of which rows are to be written."""
        archive = self.should_archive(event)
        if archive or (event.completed and self.history == "all"):
            self.runs.send(pointer_to(event, ARCHIVE if archive else HISTORY).to_json())
        return archive

    def accept(self, delivery: Delivery) -> bool:
        """Records a delivery, and queues its run if it is to be archived; True if it is.

        If this fails or stops halfway, the delivery has to come again.

        Raises:
            TooLargeError: the delivery does not fit into a record.
            UnavailableError: DynamoDB or SQS failed.
        """
        queue = self.should_archive(delivery.event)
        fault: UnavailableError | None = None
        try:
            self._record(delivery, archive=queue)
        except UnavailableError as e:
            # Without its schedule's state, a run is archived and announced all the same.
            self.table.merge(delivery, archive=queue, keep=self.keep)
            fault = e
        self._queue(delivery.event)
        if fault:
            raise fault
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
        self._record(delivery, archive=False)
        queue = self._queue(delivery.event)
        if queue:
            self.table.merge(delivery, archive=True, keep=self.keep)
        return queue

    def announce_recovery(self, workspace_uid: str, state: ScheduleState) -> bool:
        """Queues the first success after a failure, unless it has been announced.

        Raises:
            UnavailableError: SQS failed.
        """
        if (run := state.recovery) is None:
            return False
        pointer = Pointer(workspace_uid=workspace_uid, run_id=run.run_id, purpose=RECOVERY)
        self.runs.send(pointer.to_json())
        return True

    def _record(self, delivery: Delivery, *, archive: bool) -> None:
        """Merges the delivery, and reports what the record then says to the run's schedule."""
        event = delivery.event

        def merge(state: ScheduleState) -> ScheduleState:
            return state.with_run(self.table.merge(delivery, archive=archive, keep=self.keep))

        if not event.completed:
            self.table.merge(delivery, archive=archive, keep=self.keep)
            return
        state = self.chronicle.change(ScheduleKey.of(event), event.id, merge)
        self.announce_recovery(event.workspace.uid, state)

    def remember(self, key: ScheduleKey, run_id: int) -> None:
        """Reports a recorded run to its schedule, in case that was not done when it was recorded.

        Raises:
            UnavailableError: DynamoDB or SQS failed.
        """
        run_key = f"{key.workspace_uid}#{run_id}"
        state = self.chronicle.change(
            key, run_id, lambda state: state.with_run(self.table.facts(run_key))
        )
        self.announce_recovery(key.workspace_uid, state)
