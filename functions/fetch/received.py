"""A message as it was received from the run queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """`receive_count` is 1 the first time; `sent_at` is in seconds of the Unix epoch.

    Powertools' batch utility and data classes read these as well, and import all that Powertools
    knows of AWS's events, at each cold start and for a batch of one.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_at: float

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Reads one of the `Records` of an event of SQS.

        https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
        """
        attributes = record["attributes"]
        return cls(
            message_id=record["messageId"],
            receipt_handle=record["receiptHandle"],
            body=record["body"],
            receive_count=int(attributes["ApproximateReceiveCount"]),
            sent_at=int(attributes["SentTimestamp"]) / 1000,
        )
