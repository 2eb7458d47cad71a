"""What each function's role may do. The template says so, and what the functions do is held to it.

A right is an action and a resource, as `tests.infra.templates.shown` names it.
"""

from typing import Any

Right = tuple[str, str]
UNKNOWN = "unknown"

INGEST: set[Right] = {
    ("logs:CreateLogStream", "IngestLogs"),
    ("logs:PutLogEvents", "IngestLogs"),
    ("dynamodb:GetItem", "RecordsTable"),
    ("dynamodb:UpdateItem", "RecordsTable"),
    ("dynamodb:Query", "RecordsTable/index/by-workspace"),
    ("dynamodb:Scan", "RecordsTable/index/by-workspace"),
    ("dynamodb:Query", "RecordsTable/index/by-schedule"),
    ("dynamodb:GetItem", "SchedulesTable"),
    ("dynamodb:PutItem", "SchedulesTable"),
    ("dynamodb:UpdateItem", "WorkspacesTable"),
    ("sqs:SendMessage", "QueuesRuns"),
    ("sqs:SendMessage", "QueuesQuarantine"),
    ("secretsmanager:GetSecretValue", "VaultWebhook"),
}
FETCH: set[Right] = {
    ("logs:CreateLogStream", "FetchLogs"),
    ("logs:PutLogEvents", "FetchLogs"),
    ("dynamodb:GetItem", "RecordsTable"),
    ("dynamodb:UpdateItem", "RecordsTable"),
    ("dynamodb:Query", "RecordsTable/index/by-schedule"),
    ("dynamodb:GetItem", "SchedulesTable"),
    ("dynamodb:PutItem", "SchedulesTable"),
    ("dynamodb:GetItem", "WorkspacesTable"),
    ("sqs:ReceiveMessage", "QueuesRuns"),
    ("sqs:DeleteMessage", "QueuesRuns"),
    ("sqs:ChangeMessageVisibility", "QueuesRuns"),
    ("sqs:GetQueueAttributes", "QueuesRuns"),
    ("sqs:SendMessage", "QueuesRuns"),
    ("sqs:SendMessage", "QueuesDeadLetters"),
    ("sns:Publish", "AlertsFailedRuns"),
    ("secretsmanager:GetSecretValue", "VaultApi"),
    ("s3:PutObject", "ArchiveBucket/runs/*"),
    ("s3:GetObject", "ArchiveBucket/runs/*"),
    ("s3:AbortMultipartUpload", "ArchiveBucket/runs/*"),
    ("s3:PutObject", "ArchiveBucket/history/*"),
    ("s3:GetObject", "ArchiveBucket/history/*"),
    ("s3:ListBucket", "ArchiveBucket"),
}
SWEEP: set[Right] = {
    ("logs:CreateLogStream", "SweepLogs"),
    ("logs:PutLogEvents", "SweepLogs"),
    ("dynamodb:Query", "RecordsTable/index/by-workspace"),
    ("dynamodb:GetItem", "RecordsTable"),
    ("dynamodb:UpdateItem", "RecordsTable"),
    ("dynamodb:Query", "RecordsTable/index/by-schedule"),
    ("dynamodb:GetItem", "SchedulesTable"),
    ("dynamodb:PutItem", "SchedulesTable"),
    ("dynamodb:Query", "SchedulesTable"),
    ("dynamodb:Scan", "WorkspacesTable"),
    ("dynamodb:GetItem", "WorkspacesTable"),
    ("dynamodb:UpdateItem", "WorkspacesTable"),
    ("sqs:SendMessage", "QueuesRuns"),
    ("sns:Publish", "AlertsFailedRuns"),
    ("secretsmanager:GetSecretValue", "VaultApi"),
}
BY_FUNCTION = {"ingest": INGEST, "fetch": FETCH, "sweep": SWEEP}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_S3_ACTIONS = {
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
}
# By the names that `tests.integration.world` gives them.
_RESOURCES = {
    "runs": "QueuesRuns",
    "dead-letters": "QueuesDeadLetters",
    "quarantine": "QueuesQuarantine",
    "webhook": "VaultWebhook",
    "api": "VaultApi",
}
_TABLES = {
    "runs": "RecordsTable",
    "workspaces": "WorkspacesTable",
    "schedules": "SchedulesTable",
}


def needed(service: str, operation: str, arguments: dict[str, Any]) -> Right:
    """The right that a call of boto3 needs; about what a test has made up, none can be named."""
    match service:
        case "dynamodb":
            resource = _TABLES.get(arguments["TableName"], UNKNOWN)
            if index := arguments.get("IndexName"):
                resource += f"/index/{index}"
        case "s3":
            operation = _S3_ACTIONS.get(operation, operation)
            resource = "ArchiveBucket"
            top = arguments.get("Key", "").partition("/")[0]
            if top in ("runs", "history"):
                resource += f"/{top}/*"
        case "sqs":
            resource = _RESOURCES.get(arguments["QueueUrl"].rpartition("/")[2], UNKNOWN)
        case "secretsmanager":
            name = arguments["SecretId"].rpartition(":")[2].rpartition("-")[0]
            resource = _RESOURCES.get(name, UNKNOWN)
        case "sns":
            resource = "AlertsFailedRuns"
        case _:
            raise ValueError(f"no right is known for {service}")
    return f"{service}:{operation}", resource
