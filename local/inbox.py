"""A queue subscribed to a stack's topic of failed runs."""

import json
from typing import Any

import boto3

from local.stack.outputs import Outputs


def new_inbox(outputs: Outputs, name: str) -> str:
    """That of a local stack: see `subscribed_queue`."""
    session, endpoint_url = outputs.operator.session(), outputs.endpoint_url
    return subscribed_queue(session, outputs.failed_runs_topic, name, endpoint_url=endpoint_url)


def subscribed_queue(
    session: boto3.Session, topic_arn: str, name: str, *, endpoint_url: str | None = None
) -> str:
    """Returns the queue's URL. It receives what is published from now on, in SNS's envelope."""
    sqs = session.client("sqs", endpoint_url=endpoint_url)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    wanted: list[Any] = ["QueueArn"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]["QueueArn"]
    let_sns_send = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let_sns_send]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    session.client("sns", endpoint_url=endpoint_url).subscribe(
        TopicArn=topic_arn, Protocol="sqs", Endpoint=arn
    )
    return url
