"""A message as it was received from the run queue, and how long it waits before the next time."""

from collections.abc import Mapping
from typing import Any, Self

from msgspec import Struct

# SQS allows 12 h, counted from the receive: a function runs for up to a quarter of an hour of them.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
MAX_DELAY_SECONDS = 12 * 60 * 60 - 15 * 60


class Received(Struct, frozen=True, kw_only=True):
    """`receive_count` is 1 the first time; `sent_at` is in seconds of the Unix epoch.

    Powertools' batch utility and data classes could read these. But they import all that Powertools
    knows about AWS's events, at every cold start, for a batch of one.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_at: float

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Reads one of the `Records` of an SQS event.

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


def delay_seconds(
    *, receive_count: int, base: int, cap: int, retry_after: float | None, jitter: float
) -> int:
    """Doubles with each receive up to `cap`, and is never shorter than what Paradime asked for.

    `jitter`, from 0 to 1, takes off up to a fifth, so that runs that failed together do not come
    back together. With a base of 30 s, a cap of 3 h and 20 receives, the first and the last receive
    are more than 24 h apart.
    """
    growing = min(cap, base << min(receive_count - 1, 30))
    delay = max(growing * (1 - jitter / 5), retry_after or 0)
    return min(round(delay), MAX_DELAY_SECONDS)
