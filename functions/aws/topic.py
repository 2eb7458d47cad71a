"""The SNS topic that we publish to."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from functions.aws.client import unavailable

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Topic:
    """Encrypted by the key `aws/sns`, whose own policy lets every principal of the account that
    may publish use it through SNS: publishing needs no right on the key."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(
        self, subject: str, by_protocol: Mapping[str, str], attributes: Mapping[str, str]
    ) -> None:
        """Publishes one message, in the form for each protocol; `default` is for all others.

        `subject` has fewer than 100 ASCII characters and no control character, and no attribute
        is empty: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html

        Raises:
            UnavailableError: SNS did not take it.
        """
        with unavailable("SNS", topic=self._arn):
            self._client.publish(
                TopicArn=self._arn,
                Subject=subject,
                Message=json.dumps(by_protocol, ensure_ascii=False),
                MessageStructure="json",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                },
            )
