"""An SQS queue."""

from typing import TYPE_CHECKING

from functions.aws.client import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Queue:
    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str) -> None:
        """
        Raises:
            UnavailableError: SQS failed.
        """
        with translate_errors("SQS", queue=self._url):
            self._client.send_message(QueueUrl=self._url, MessageBody=body)

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Makes a received message visible again after a delay of at most 12 h since its receive.

        Raises:
            UnavailableError: SQS failed.
        """
        with translate_errors("SQS", queue=self._url):
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
