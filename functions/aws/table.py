"""The runs table: one item per run, merged from its deliveries and its archive."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.aws.client import error_code, translate_errors
from functions.aws.items import Assignment, plain, typed
from functions.aws.stored_run import ARCHIVED_STATES, Attempt, StoredRun
from functions.run import instants
from functions.run.record import Delivery, Source, attributes, unpack_event
from functions.shared.errors import RunNotFoundError, SupersededError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# So that a queue that is far behind does not get the same pointers from every sweep.
_REQUEUE_INTERVAL = timedelta(hours=6)
# Until then its pointer may simply wait for its turn.
_REQUEUE_AFTER = timedelta(minutes=15)
# Longer than publishing takes, with all its retries: a claim this old has been abandoned.
LONGEST_CLAIM = timedelta(minutes=1)
_OF_ATTEMPT = ("attempt_number", "attempt_message", "attempt_begun_at", "reading")


class RunsTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def merge(self, delivery: Delivery, *, archive: bool, keep: timedelta) -> None:
        """Merges a delivery: one write, or two if the record holds it or a higher-ranked one.

        In whatever order and however often deliveries are merged, the record ends up as the
        highest-ranked one says, apart from the times of receipt. `archive` means that a pointer is
        about to be sent: a new event makes the record `queued`, even if an earlier one is archived,
        and so does any delivery of a run that has no archive state yet.

        Raises:
            TooLargeError: the delivery does not fit into an item.
            UnavailableError: DynamoDB failed.
        """
        receipt = (
            "last_received_at = :received_at,"
            " first_received_at = if_not_exists(first_received_at, :received_at),"
            " expires_at = if_not_exists(expires_at, :expires_at)"
        )
        values: dict[str, Any] = {
            ":received_at": instants.to_text(delivery.received_at),
            ":expires_at": int((delivery.received_at + keep).timestamp()),
            ":delivery_ids": {delivery.delivery_id},
        }
        state = {"archive_state": "queued" if archive else None}
        event = Assignment(attributes(delivery) | state)
        try:
            self._update(
                delivery.event.run_key,
                UpdateExpression=f"SET {event.sets}, {receipt} {event.remove}"
                " ADD delivery_ids :delivery_ids",
                ConditionExpression="attribute_not_exists(event_rank) OR event_rank < :event_rank",
                ExpressionAttributeNames=event.names,
                ExpressionAttributeValues=event.values | typed(values),
            )
        except SupersededError:
            if archive:
                receipt += ", archive_state = if_not_exists(archive_state, :queued)"
                values[":queued"] = "queued"
            self._update(
                delivery.event.run_key,
                UpdateExpression=f"SET {receipt} ADD delivery_ids :delivery_ids",
                ExpressionAttributeValues=typed(values),
            )

    def read(self, run_key: str) -> StoredRun:
        """Reads consistently what archiving a run needs.

        Raises:
            RunNotFoundError: there is no such record.
            UnavailableError: DynamoDB failed.
        """
        with translate_errors("DynamoDB", run=run_key):
            answer = self._client.get_item(
                TableName=self._name,
                Key={"run_key": {"S": run_key}},
                ConsistentRead=True,
                ProjectionExpression="event_gz, event_rank, archive_state, archived_rank,"
                " archived_at, archive_prefix, #source, delivery_ids, messages, claimed_at,"
                " attempt_number, attempt_message, attempt_begun_at, reading, unreadable",
                ExpressionAttributeNames={"#source": "source"},
            )
        if "event_gz" not in answer.get("Item", {}):
            raise RunNotFoundError(f"no record of run {run_key} in the table {self._name}")
        item = plain(answer["Item"])
        return StoredRun(
            run_key=run_key,
            body=unpack_event(item),
            event_rank=str(item["event_rank"]),
            archive_state=item.get("archive_state"),
            archived_rank=item.get("archived_rank"),
            archived_at=item.get("archived_at"),
            archive_prefix=item.get("archive_prefix"),
            source=Source(item["source"]),
            delivery_ids=frozenset(item["delivery_ids"]),
            messages=frozenset(item.get("messages", ())),
            claimed_at=item.get("claimed_at"),
            attempt=_attempt(item),
            reading=item.get("reading"),
            unreadable=frozenset(item.get("unreadable", ())),
        )

    def has_runs(self, workspace_uid: str | None = None) -> bool:
        """Whether any run of a workspace is recorded, or any at all.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        arguments: dict[str, Any] = {}
        if workspace_uid is not None:
            arguments["KeyConditionExpression"] = "workspace_uid = :uid"
            arguments["ExpressionAttributeValues"] = typed({":uid": workspace_uid})
        pages = self._client.get_paginator("query" if arguments else "scan").paginate(
            TableName=self._name,
            IndexName="by-workspace",
            Select="COUNT",  # which is all that ingest may ask for
            PaginationConfig={"PageSize": 1},
            **arguments,
        )
        with translate_errors("DynamoDB", table=self._name):
            return any(page["Count"] for page in pages)

    def claim_requeue(self, run_key: str, now: datetime) -> bool:
        """Whether to send the pointer of a queued run again: once in a few hours, as long as no
        fetch has received it.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        try:
            self._update(
                run_key,
                UpdateExpression="SET requeued_at = :now",
                ConditionExpression="archive_state = :queued"
                " AND attribute_not_exists(attempt_begun_at)"
                " AND last_received_at < :received"
                " AND (attribute_not_exists(requeued_at) OR requeued_at < :earlier)",
                ExpressionAttributeValues=typed(
                    {
                        ":queued": "queued",
                        ":now": instants.to_text(now),
                        ":earlier": instants.to_text(now - _REQUEUE_INTERVAL),
                        ":received": instants.to_text(now - _REQUEUE_AFTER),
                    }
                ),
            )
        except SupersededError:
            return False
        return True

    def begin_attempt(
        self, run: StoredRun, message_id: str, now: datetime, *, interruptions: int
    ) -> None:
        """Records that a receive of the run has begun, after `interruptions` that never ended.

        A file whose reading stopped the last one is recorded as unreadable.

        Raises:
            SupersededError: a higher-ranked event was merged after the run was read.
            UnavailableError: DynamoDB failed. All methods here raise it.
        """
        values: dict[str, Any] = {
            ":rank": run.event_rank,
            ":number": interruptions + 1,
            ":message": message_id,
            ":now": instants.to_text(now),
        }
        add = ""
        if interruptions and run.reading:
            add, values[":key"] = " ADD unreadable :key", {run.reading}
        self._update(
            run.run_key,
            UpdateExpression="SET attempt_number = :number, attempt_message = :message,"
            f" attempt_begun_at = :now REMOVE reading{add}",
            ConditionExpression="event_rank = :rank",
            ExpressionAttributeValues=typed(values),
        )

    def end_attempt(self, run: StoredRun) -> None:
        """Records that a receive has ended properly, unless `set_archive` has done so."""
        self._update(
            run.run_key,
            UpdateExpression=f"REMOVE {', '.join(_OF_ATTEMPT)}",
            ConditionExpression="attribute_exists(event_rank)",
        )

    def note_reading(self, run: StoredRun, key: str) -> None:
        """Records which file is read next: if that stops the function, the next receive knows."""
        self._update(
            run.run_key,
            UpdateExpression="SET reading = :key",
            ConditionExpression="attribute_exists(event_rank)",
            ExpressionAttributeValues=typed({":key": key}),
        )

    def claim_message(
        self, run: StoredRun, kinds: Collection[str], message_id: str, now: datetime
    ) -> bool:
        """Whether the caller has to send a message, since none of these kinds was sent.

        Only one of two concurrent fetches sends it. A claim stands until the message is confirmed.
        An abandoned claim passes to the same queue message when it is received again, and to any
        other one after a minute. So a message is sent twice only if its sender stops between
        sending and confirming, and at least once in any case.

        Raises:
            SupersededError: a higher-ranked event was merged after the run was read.
        """
        unsent = " AND ".join(f"NOT contains(messages, :{kind})" for kind in sorted(kinds))
        values = {
            ":rank": run.event_rank,
            ":message": message_id,
            ":now": instants.to_text(now),
            ":abandoned": instants.to_text(now - LONGEST_CLAIM),
            **{f":{kind}": kind for kind in kinds},
        }
        try:
            self._update(
                run.run_key,
                UpdateExpression="SET claimed_at = :now, claimed_by = :message",
                ConditionExpression=f"event_rank = :rank AND {unsent} AND"
                " (attribute_not_exists(claimed_at) OR claimed_at < :abandoned"
                " OR claimed_by = :message)",
                ExpressionAttributeValues=typed(values),
            )
        except SupersededError:
            if self.read(run.run_key).event_rank != run.event_rank:
                raise
            return False
        return True

    def confirm_messages(self, run: StoredRun, kinds: Collection[str]) -> None:
        """Records that messages of these kinds were sent, whatever the record says by now."""
        self._update(
            run.run_key,
            UpdateExpression="ADD messages :kinds REMOVE claimed_at, claimed_by",
            ConditionExpression="attribute_exists(event_rank)",
            ExpressionAttributeValues=typed({":kinds": set(kinds)}),
        )

    def check(self, run: StoredRun) -> None:
        """Checks that the record still holds the run's event, and that it is not archived yet.

        Raises:
            RunNotFoundError: the record is gone.
            SupersededError: the record has changed.
            UnavailableError: DynamoDB failed.
        """
        now = self.read(run.run_key)
        if now.event_rank != run.event_rank or (now.is_archived and not run.is_archived):
            raise SupersededError(f"run {run.run_key} has changed since it was read")

    def set_archive(
        self,
        run: StoredRun,
        fields: dict[str, Any],
        *,
        sent: Collection[str] = (),
        ends_attempt: bool = False,
    ) -> None:
        """Writes archive fields (None removes one) if the record still holds the run's event.

        A complete archive is replaced only by a complete one. `sent` are the kinds of messages that
        were sent: their claim is confirmed.

        Raises:
            SupersededError: a higher-ranked event was merged after the run was read, or another
                fetch has archived it.
            UnavailableError: DynamoDB failed.
        """
        add = ""
        values: dict[str, Any] = {":event_rank": run.event_rank}
        if ends_attempt:
            fields = fields | dict.fromkeys(_OF_ATTEMPT)
        if sent:
            fields = fields | {"claimed_at": None, "claimed_by": None}
            add, values[":kinds"] = " ADD messages :kinds", set(sent)
        archive = Assignment(fields)
        condition = "event_rank = :event_rank"
        if fields.get("archive_state") not in ARCHIVED_STATES:
            condition += (
                " AND NOT (archived_rank = :event_rank AND archive_state IN (:archived, :partial))"
            )
            values |= {":archived": "archived", ":partial": "partial"}
        self._update(
            run.run_key,
            UpdateExpression=f"SET {archive.sets} {archive.remove}{add}",
            ConditionExpression=condition,
            ExpressionAttributeNames=archive.names,
            ExpressionAttributeValues=archive.values | typed(values),
        )

    def _update(self, run_key: str, **arguments: Any) -> None:
        with translate_errors("DynamoDB", run=run_key):
            try:
                self._client.update_item(
                    TableName=self._name, Key={"run_key": {"S": run_key}}, **arguments
                )
            except ClientError as e:
                if error_code(e) == "ConditionalCheckFailedException":
                    raise SupersededError(f"the record of run {run_key} has changed") from e
                raise


def _attempt(item: dict[str, Any]) -> Attempt | None:
    if "attempt_number" not in item:
        return None
    return Attempt(
        number=int(item["attempt_number"]),
        message_id=item["attempt_message"],
        begun_at=item["attempt_begun_at"],
    )
