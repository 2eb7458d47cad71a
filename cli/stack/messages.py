"""Messages of a queue that has no other consumer."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from cli.terminal.output import working

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Long enough for everything done with them; if we are killed, they reappear after it.
HOLD_SECONDS = 300
# Long polling makes SQS query all of its servers rather than a sample.
WAIT_SECONDS = 1


class HeldMessages:
    """Messages that are hidden from other receivers until they are deleted or released."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url
        self._held: dict[str, MessageTypeDef] = {}

    def receive_all(self) -> None:
        """Receives until the queue is empty. Later arrivals are left out, so the work is finite."""
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=10,
                MessageSystemAttributeNames=["SentTimestamp"],
                VisibilityTimeout=HOLD_SECONDS,
                WaitTimeSeconds=WAIT_SECONDS,
            )
            if not (new := answer.get("Messages", [])):
                return
            self._held |= {message["MessageId"]: message for message in new}

    def all(self) -> "list[MessageTypeDef]":
        return list(self._held.values())

    def delete(self, message: "MessageTypeDef") -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        del self._held[message["MessageId"]]

    def release(self) -> None:
        """Makes messages that were not deleted visible to others at once."""
        visible = (
            self._sqs.exceptions.MessageNotInflight,
            self._sqs.exceptions.ReceiptHandleIsInvalid,
        )
        for message in self._held.values():
            with suppress(*visible):  # held for too long, so it is visible already
                self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                )


@contextmanager
def held_messages(sqs: "SQSClient", url: str) -> Iterator[HeldMessages]:
    """All messages now in the queue; those that are not deleted are released on exit."""
    held = HeldMessages(sqs, url)
    try:
        with working("receiving messages"):
            held.receive_all()
        yield held
    finally:
        held.release()
