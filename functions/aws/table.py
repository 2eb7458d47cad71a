"""The runs table: one item per run, merged from its deliveries and its archive."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.aws.client import error_code, translate_errors
from functions.aws.items import Assignment, plain, typed
from functions.run import instants
from functions.run.record import Delivery, Source, attributes, unpack_event
from functions.shared.errors import RunNotFoundError, SupersededError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ARCHIVED_STATES = frozenset({"archived", "partial"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """The part of a run's record that archiving needs; `body` is the event, byte for byte.

    `archived_at` is when an archive was last completed, of whichever event; `messages` are the
    kinds of messages that have been sent about the run.
    """

    run_key: str
    body: bytes
    event_rank: str
    archive_state: str | None
    archived_rank: str | None
    archived_at: str | None
    source: Source
    delivery_ids: frozenset[str]
    messages: frozenset[str]

    @property
    def is_archived(self) -> bool:
        """Whether the archive was made from the event that the record holds now."""
        return self.archive_state in ARCHIVED_STATES and self.archived_rank == self.event_rank


class RunsTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def merge(self, delivery: Delivery, *, archive: bool, keep: timedelta) -> None:
        """Merges a delivery: one write, or two if the record already holds a higher-ranked event.

        In whatever order and however often deliveries are merged, the record ends up as the
        highest-ranked one says, apart from the times of receipt. `archive` marks the run as queued
        unless it has an archive state already.

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
        if archive:
            receipt += ", archive_state = if_not_exists(archive_state, :queued)"
            values[":queued"] = "queued"
        event = Assignment(attributes(delivery))
        try:
            self._update(
                delivery.event.run_key,
                UpdateExpression=f"SET {event.sets}, {receipt} {event.remove}"
                " ADD delivery_ids :delivery_ids",
                ConditionExpression="attribute_not_exists(event_rank) OR event_rank <= :event_rank",
                ExpressionAttributeNames=event.names,
                ExpressionAttributeValues=event.values | typed(values),
            )
        except SupersededError:
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
                " archived_at, #source, delivery_ids, messages",
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
            source=Source(item["source"]),
            delivery_ids=frozenset(item["delivery_ids"]),
            messages=frozenset(item.get("messages", ())),
        )

    def check(self, run: StoredRun) -> None:
        """Checks that the record still holds the run's event, and that it is not archived yet.

        Raises:
            RunNotFoundError: the record is gone.
            SupersededError: the record has changed.
            UnavailableError: DynamoDB failed.
        """
        now = self.read(run.run_key)
        if now.event_rank != run.event_rank or now.is_archived:
            raise SupersededError(f"run {run.run_key} has changed since it was read")

    def set_archive(self, run: StoredRun, fields: dict[str, Any]) -> None:
        """Writes archive fields (None removes one) if the record still holds the run's event.

        A complete archive is replaced only by a complete one.

        Raises:
            SupersededError: a higher-ranked event was merged after the run was read, or another
                fetch has archived it.
            UnavailableError: DynamoDB failed.
        """
        archive = Assignment(fields)
        values = {":event_rank": run.event_rank}
        condition = "event_rank = :event_rank"
        if fields.get("archive_state") not in ARCHIVED_STATES:
            condition += (
                " AND NOT (archived_rank = :event_rank AND archive_state IN (:archived, :partial))"
            )
            values |= {":archived": "archived", ":partial": "partial"}
        self._update(
            run.run_key,
            UpdateExpression=f"SET {archive.sets} {archive.remove}",
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
