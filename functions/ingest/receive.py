"""Receives one delivery: verify, parse, record, queue, in this order.

The workspace is noted before the record is written, that before the pointer is sent, and all
before the answer. If anything fails or stops in between, the sender gets no 2xx and delivers
again, which ends in the same record.
"""

from datetime import datetime

from aws_lambda_powertools import Logger
from msgspec import Struct

from functions.aws.queue import Queue
from functions.aws.secret import Reading, Secret
from functions.ingest.http import Request
from functions.ingest.signature import Verified, parse_secret
from functions.ingest.workspaces import WorkspaceNotes
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
)

logger = Logger(service="ingest", child=True)


class Receiver(Struct, frozen=True, kw_only=True):
    secret: Secret
    intake: Intake
    notes: WorkspaceNotes
    quarantine: Queue

    def receive(self, request: Request, now: datetime) -> RunEvent | None:
        """Stores a genuine delivery. None if it could not be understood and was quarantined.

        Raises:
            SignatureError: the delivery cannot be shown to be genuine.
            TooLargeError: it is genuine, but over 5 MiB, or does not fit into a record.
            UnavailableError: it could not be stored.
        """
        logger.append_keys(delivery_id=_claimed_id(request))
        delivery_id = self._verify(request, now).delivery_id
        logger.append_keys(delivery_id=delivery_id)
        if len(request.body) >= MAX_BODY_BYTES:
            raise TooLargeError(f"a delivery of {len(request.body)} bytes")
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
        self.notes.note(event)
        queued = self.intake.accept(delivery)
        logger.info(
            "delivery accepted",
            queued=queued,
            outcome=ending(event),
            workspace_name=event.workspace.name,
            schedule_name=event.schedule_name,
        )
        return event

    def _verify(self, request: Request, now: datetime) -> Verified:
        """A refusal is checked once more if the secret has changed meanwhile."""
        reading = self.secret.read()
        try:
            return _verify(reading, request, now)
        except SignatureError:
            newer = self.secret.renew(reading)
            if newer == reading:
                raise
            return _verify(newer, request, now)


def _verify(reading: Reading, request: Request, now: datetime) -> Verified:
    """
    Raises:
        SignatureError: it is not genuine, or about a workspace that its secret does not speak for.
    """
    verified = parse_secret(reading.text).verify(request.headers, request.body, now)
    if verified.workspaces is not None:  # otherwise a body is read only once
        uid = events.workspace_uid(request.body)
        if uid is not None and not verified.speaks_for(uid):
            raise SignatureError("signed with a secret of other workspaces")
    return verified


def _claimed_id(request: Request) -> str | None:
    """The id by which a sender can find a refused delivery; unverified, and therefore cut."""
    claimed = (request.headers.get(name) for name in ("svix-id", "webhook-id"))
    return next((text[:256] for text in claimed if text), None)
