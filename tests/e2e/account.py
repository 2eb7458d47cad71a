"""What one stack has, or has left, in the account of a local stack."""

import re
from typing import Any

from tests.e2e.client import Client

Names = dict[str, set[str]]


def names_in_account(client: Client, stack: str) -> Names:
    """By kind, what is named as CloudFormation names the parts of the stack.

    Not those of the local stack, whose name begins with that of the deployed one.
    """
    named = re.compile(rf"(^|[/:]){stack}[-/](?!local[-/])", re.IGNORECASE)

    def found(service: str, call: str, path: str, **arguments: Any) -> set[str]:
        pages = client.aws(service).get_paginator(call).paginate(**arguments)
        return {name for name in pages.search(path) if name and named.search(name)}

    return {
        "table": found("dynamodb", "list_tables", "TableNames[]"),
        "bucket": found("s3", "list_buckets", "Buckets[].Name"),
        "queue": found("sqs", "list_queues", "QueueUrls[]"),
        "secret": found("secretsmanager", "list_secrets", "SecretList[].Name"),
        "log group": found("logs", "describe_log_groups", "logGroups[].logGroupName"),
        "function": found("lambda", "list_functions", "Functions[].FunctionName"),
        "topic": found("sns", "list_topics", "Topics[].TopicArn"),
        "alarm": found("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
        "role": found("iam", "list_roles", "Roles[].RoleName"),
    }
