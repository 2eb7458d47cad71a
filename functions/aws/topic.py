"""The SNS topic of failed runs."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from functions.aws.client import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef


# A filter policy looks at each text of a sequence.
Attribute = str | Sequence[str]


class Topic:
    """Encrypted with the key `aws/sns`. Its own policy lets every principal of the account that may
    publish use it through SNS, so publishing needs no permission on the key."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(
        self, subject: str, by_protocol: Mapping[str, str], attributes: Mapping[str, Attribute]
    ) -> None:
        """Publishes one message in a form for each protocol; `default` serves all others.

        `subject` must have fewer than 100 ASCII characters and no control characters, and no
        attribute may be empty: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html

        Raises:
            UnavailableError: SNS failed.
        """
        with translate_errors("SNS", topic=self._arn):
            self._client.publish(
                TopicArn=self._arn,
                Subject=subject,
                Message=json.dumps(by_protocol, ensure_ascii=False),
                MessageStructure="json",
                MessageAttributes={name: _typed(value) for name, value in attributes.items()},
            )


def _typed(value: Attribute) -> "MessageAttributeValueTypeDef":
    if isinstance(value, str):
        return {"DataType": "String", "StringValue": value}
    return {"DataType": "String.Array", "StringValue": json.dumps(list(value))}
