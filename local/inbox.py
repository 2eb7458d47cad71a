"""A queue subscribed to a local stack's topic of failed runs."""

import json
from typing import Any

from local.stack.outputs import Outputs


def new_inbox(outputs: Outputs, name: str) -> str:
    """Returns the queue's URL. It receives what is published from now on, in SNS's envelope."""
    aws = outputs.operator.session()
    sqs = aws.client("sqs", endpoint_url=outputs.endpoint_url)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    wanted: list[Any] = ["QueueArn"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]["QueueArn"]
    let_sns_send = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": outputs.failed_runs_topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let_sns_send]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    aws.client("sns", endpoint_url=outputs.endpoint_url).subscribe(
        TopicArn=outputs.failed_runs_topic, Protocol="sqs", Endpoint=arn
    )
    return url
