"""Messages of a queue from which nothing else receives."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from cli.terminal.output import working

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Long enough for all that is done with them; if we are killed, they are back after it.
HOLD_SECONDS = 300
# With a wait, SQS asks all of its servers and not a sample of them.
WAIT_SECONDS = 1


class HeldMessages:
    """Messages that are hidden from others until they are deleted or released."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url
        self._held: dict[str, MessageTypeDef] = {}

    def receive_all(self) -> None:
        """Until none comes: what arrives later is not in it, so that no work on it is endless."""
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=10,
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
        """Shows to others at once what was not deleted."""
        shown = (
            self._sqs.exceptions.MessageNotInflight,
            self._sqs.exceptions.ReceiptHandleIsInvalid,
        )
        for message in self._held.values():
            with suppress(*shown):  # held for too long: it can be seen already
                self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                )


@contextmanager
def held_messages(sqs: "SQSClient", url: str) -> Iterator[HeldMessages]:
    """All messages that the queue has now; those that are not deleted are given back."""
    held = HeldMessages(sqs, url)
    try:
        with working("receiving messages"):
            held.receive_all()
        yield held
    finally:
        held.release()
