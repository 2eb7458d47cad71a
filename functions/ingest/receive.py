"""Takes one delivery in: verify, parse, record, queue, in this order and nothing else.

The record is written before its pointer is sent, and both before the answer: whatever fails
or stops in between, the sender hears no 2xx and delivers again, and doing it all again ends in
the same record.
"""

from dataclasses import dataclass
from datetime import datetime

from aws_lambda_powertools import Logger

from functions.aws.queue import Queue
from functions.aws.secret import Secret
from functions.aws.workspaces import WorkspacesTable
from functions.ingest.http import Request
from functions.ingest.signature import parse_secret
from functions.intake.intake import Intake
from functions.intake.quarantine import MAX_BODY_BYTES, Quarantined
from functions.run import event as events
from functions.run.event import RunEvent
from functions.run.outcome import ending
from functions.run.record import Delivery
from functions.shared.errors import (
    NotUnderstoodError,
    SignatureError,
    TooLargeError,
    UnavailableError,
)

logger = Logger(service="ingest", child=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    secret: Secret
    intake: Intake
    workspaces: WorkspacesTable
    quarantine: Queue

    def receive(self, request: Request, now: datetime) -> RunEvent | None:
        """Stores a genuine delivery; its event, or None if it was not understood and quarantined.

        Raises:
            SignatureError: it is not shown to be genuine.
            TooLargeError: it is over 5 MiB, or does not fit into a record.
            UnavailableError: it could not be stored.
        """
        logger.append_keys(delivery_id=_claimed_id(request))
        if len(request.body) >= MAX_BODY_BYTES:
            raise TooLargeError(f"a delivery of {len(request.body)} bytes")
        delivery_id = self._verify(request, now)
        logger.append_keys(delivery_id=delivery_id)
        try:
            event = events.parse(request.body)
        except NotUnderstoodError as e:
            logger.warning("delivery quarantined", reason=str(e))
            self.quarantine.send(
                Quarantined(
                    body=request.body, reason=str(e), delivery_id=delivery_id, received_at=now
                ).to_json()
            )
            return None
        logger.append_keys(run_key=event.run_key)
        delivery = Delivery(
            event=event, body=request.body, delivery_id=delivery_id, received_at=now
        )
        queued = self.intake.take(delivery)
        self._note_workspace(event)
        logger.info(
            "delivery accepted",
            queued=queued,
            outcome=ending(event),
            workspace_name=event.workspace.name,
            schedule_name=event.schedule_name,
        )
        return event

    def _note_workspace(self, event: RunEvent) -> None:
        """For the sweep alone: the delivery is stored, and the next one can tell as well."""
        try:
            self.workspaces.note(event)
        except UnavailableError as e:
            logger.warning("workspace not noted", reason=str(e))

    def _verify(self, request: Request, now: datetime) -> str:
        """The delivery's id; a refusal is tried once more if the secret has changed meanwhile."""
        try:
            return parse_secret(self.secret.text()).verify(request.headers, request.body, now)
        except SignatureError:
            if (renewed := self.secret.renewed()) is None:
                raise
            return parse_secret(renewed).verify(request.headers, request.body, now)


def _claimed_id(request: Request) -> str | None:
    """The id by which a sender finds a delivery that is refused; shown by nothing, so cut."""
    claimed = (request.headers.get(name) for name in ("svix-id", "webhook-id"))
    return next((text[:256] for text in claimed if text), None)
