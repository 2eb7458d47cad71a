"""The runs table: one item per run, merged from its deliveries and its archive."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from functions.aws.client import error_code, translate_errors
from functions.aws.items import Assignment, plain, typed
from functions.aws.stored_run import ARCHIVED_STATES, Attempt, StoredRun
from functions.history.state import EndedRun, RunFacts
from functions.history.window import PastRun
from functions.run import instants
from functions.run.outcome import state_failed, state_succeeded
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

    def merge(self, delivery: Delivery, *, archive: bool, keep: timedelta) -> RunFacts:
        """Merges a delivery: one write, or two if the record holds it or a higher-ranked one.

        Returns what the record says of the run by then.

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
            item = self._update(
                delivery.event.run_key,
                UpdateExpression=f"SET {event.sets}, {receipt} {event.remove}"
                " ADD delivery_ids :delivery_ids",
                ConditionExpression="attribute_not_exists(event_rank) OR event_rank < :event_rank",
                ExpressionAttributeNames=event.names,
                ExpressionAttributeValues=event.values | typed(values),
                ReturnValues="ALL_NEW",
            )
        except SupersededError:
            if archive:
                receipt += ", archive_state = if_not_exists(archive_state, :queued)"
                values[":queued"] = "queued"
            item = self._update(
                delivery.event.run_key,
                UpdateExpression=f"SET {receipt} ADD delivery_ids :delivery_ids",
                ExpressionAttributeValues=typed(values),
                ReturnValues="ALL_NEW",
            )
        return _facts(item)

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
                " rows_rank, archived_at, archive_prefix, #source, delivery_ids, messages,"
                " claimed_at, attempt_number, attempt_message, attempt_begun_at, reading,"
                " unreadable",
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
            rows_rank=item.get("rows_rank"),
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

    def newest(self, schedule_key: str, number: int) -> list[PastRun]:
        """The last runs of a schedule that failed or succeeded, newest first: those among so many
        records.

        They are read from an index, which may lack what was written just before.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        with translate_errors("DynamoDB", schedule=schedule_key):
            answer = self._client.query(
                TableName=self._name,
                IndexName="by-schedule",
                KeyConditionExpression="schedule_key = :key",
                ExpressionAttributeValues=typed({":key": schedule_key}),
                ScanIndexForward=False,
                Limit=number,
            )
        facts = [_facts(plain(item)) for item in answer["Items"]]
        return [run.past for run in facts if run.outcome != "other"]

    def facts(self, run_key: str) -> RunFacts:
        """What the record of a run says by now.

        Raises:
            RunNotFoundError: there is no such record.
            UnavailableError: DynamoDB failed.
        """
        names = ("run_id", "started_at", "ended_at", "duration_seconds", "commit_hash", "state")
        item = self._get(run_key, *names)
        if not item:
            raise RunNotFoundError(f"no record of run {run_key} in the table {self._name}")
        return _facts(item)

    def ended(self, run_key: str) -> EndedRun:
        """How a run ended, as far as there still is a record of it.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        item = self._get(run_key, "ended_at", "commit_hash")
        run_id = int(run_key.rpartition("#")[2])
        return EndedRun(run_id, item.get("ended_at"), item.get("commit_hash"))

    def archive_prefix(self, run_key: str) -> str | None:
        """Where a run's archive lies in the bucket, if there is one.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        prefix: str | None = self._get(run_key, "archive_prefix").get("archive_prefix")
        return prefix

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

    def _get(self, run_key: str, *names: str) -> dict[str, Any]:
        with translate_errors("DynamoDB", run=run_key):
            answer = self._client.get_item(
                TableName=self._name,
                Key={"run_key": {"S": run_key}},
                ConsistentRead=True,
                ProjectionExpression=", ".join(f"#{name}" for name in names),
                ExpressionAttributeNames={f"#{name}": name for name in names},
            )
        return plain(answer.get("Item", {}))

    def _update(self, run_key: str, **arguments: Any) -> dict[str, Any]:
        with translate_errors("DynamoDB", run=run_key):
            try:
                answer = self._client.update_item(
                    TableName=self._name, Key={"run_key": {"S": run_key}}, **arguments
                )
            except ClientError as e:
                if error_code(e) == "ConditionalCheckFailedException":
                    raise SupersededError(f"the record of run {run_key} has changed") from e
                raise
        return plain(answer.get("Attributes", {}))


def _attempt(item: dict[str, Any]) -> Attempt | None:
    if "attempt_number" not in item:
        return None
    return Attempt(
        number=int(item["attempt_number"]),
        message_id=item["attempt_message"],
        begun_at=item["attempt_begun_at"],
    )


def _facts(item: dict[str, Any]) -> RunFacts:
    """What a record, or its entry in an index, says of a run."""
    outcome: Literal["failed", "succeeded", "other"] = "other"
    if "ended_at" in item:
        state = item["state"]
        outcome = "failed" if state_failed(state) else outcome
        outcome = "succeeded" if state_succeeded(state) else outcome
    return RunFacts(
        run_id=int(item["run_id"]),
        started_at=instants.from_text(item["started_at"]),
        outcome=outcome,
        ended_at=item.get("ended_at"),
        seconds=int(item["duration_seconds"]) if "duration_seconds" in item else None,
        commit_hash=item.get("commit_hash"),
    )
