"""An SQS queue: messages are sent to it, and received ones put off."""

from typing import TYPE_CHECKING

from functions.aws.client import unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Queue:
    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str) -> None:
        """Sends a message.

        Raises:
            UnavailableError: SQS did not take it.
        """
        with unavailable("SQS", queue=self._url):
            self._client.send_message(QueueUrl=self._url, MessageBody=body)

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Lets a received message be received again after so many seconds (at most 12 h).

        Raises:
            UnavailableError: SQS did not do it.
        """
        with unavailable("SQS", queue=self._url):
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
