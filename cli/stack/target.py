"""The stack that a command works on: a deployed one or the local one."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.terminal.errors import TargetError

# boto3 takes a fifth of a second to import, which `--help` and shell completion avoid.
if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

LOCAL_STATE = Path(".local")
LOCAL_STACK = "ParadimeRunArchive-local"


@dataclass(frozen=True)
class Target:
    """The names of a stack's parts, and clients for its account and region.

    `endpoint_url` is the address of the embedded AWS, or None for the real one.
    """

    session: "boto3.Session"
    endpoint_url: str | None
    stack: str
    webhook_url: str
    table: str
    schedules_table: str
    bucket: str
    queue_url: str
    dead_letter_url: str
    quarantine_url: str
    webhook_secret: str
    api_secret: str
    sweep_function: str

    @cached_property
    def dynamodb(self) -> "DynamoDBServiceResource":
        """It accepts and returns plain Python values."""
        return self.session.resource("dynamodb", endpoint_url=self.endpoint_url)

    @cached_property
    def runs(self) -> "Table":
        return self.dynamodb.Table(self.table)

    @cached_property
    def schedules(self) -> "Table":
        return self.dynamodb.Table(self.schedules_table)

    @cached_property
    def s3(self) -> "S3Client":
        from botocore.config import Config

        # Some regions default to the older signature, with which links to objects encrypted with
        # a KMS key do not work.
        config = Config(signature_version="s3v4", max_pool_connections=32)
        return self.session.client("s3", endpoint_url=self.endpoint_url, config=config)

    @cached_property
    def sqs(self) -> "SQSClient":
        return self.session.client("sqs", endpoint_url=self.endpoint_url)

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        return self.session.client("secretsmanager", endpoint_url=self.endpoint_url)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return self.session.client("cloudformation", endpoint_url=self.endpoint_url)

    @cached_property
    def cloudwatch(self) -> Any:
        return self.session.client("cloudwatch", endpoint_url=self.endpoint_url)


def local_target(outputs_file: Path) -> Target:
    """The local stack that wrote this file.

    Raises:
        TargetError: It is not running.
    """
    try:
        outputs = json.loads(outputs_file.read_text())
    except FileNotFoundError:
        raise TargetError(
            f"no local stack is running here ({outputs_file} not found); start one "
            "in a checkout, with `make local`"
        ) from None
    return Target(
        session=isolated_session(
            outputs["access_key_id"], outputs["secret_access_key"], outputs["region"]
        ),
        endpoint_url=outputs["endpoint_url"],
        stack=LOCAL_STACK,
        webhook_url=outputs["webhook_url"],
        table=outputs["table"],
        schedules_table=outputs["schedules_table"],
        bucket=outputs["bucket"],
        queue_url=outputs["queue_url"],
        dead_letter_url=outputs["dlq_url"],
        quarantine_url=outputs["quarantine_url"],
        webhook_secret=outputs["webhook_secret_arn"],
        api_secret=outputs["api_secret_arn"],
        sweep_function=outputs["sweep_function"],
    )


def isolated_session(access_key_id: str, secret_access_key: str, region: str) -> "boto3.Session":
    """A session with these credentials that ignores the user's AWS configuration.

    Pass the stack's `endpoint_url` to each client. No client uses a proxy.
    """
    import boto3
    from botocore.config import Config

    from functions.aws.client import quick_core

    core = quick_core(
        {
            "profile": (None, [], None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    core.set_default_client_config(Config(proxies={}))  # loopback needs none
    return boto3.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name=region,
        botocore_session=core,
    )


def deployed_target(stack: str, profile: str | None, region: str | None) -> Target:
    """A stack in the AWS account of the current credentials.

    Raises:
        TargetError: The account cannot be reached, or has no such stack.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from functions.aws.client import quick_core

    try:
        session = boto3.Session(
            profile_name=profile, region_name=region, botocore_session=quick_core()
        )
        answer = session.client("cloudformation").describe_stacks(StackName=stack)
    except ClientError as e:
        raise TargetError(
            f"cannot find stack {stack}: {e}; choose yours with --stack and --region"
        ) from e
    except BotoCoreError as e:
        raise TargetError(f"cannot connect to AWS: {e}") from e
    outputs = {o["OutputKey"]: o["OutputValue"] for o in answer["Stacks"][0].get("Outputs", [])}
    try:
        return Target(
            session=session,
            endpoint_url=None,
            stack=stack,
            webhook_url=outputs["WebhookUrl"],
            table=outputs["TableName"],
            schedules_table=outputs["SchedulesTableName"],
            bucket=outputs["BucketName"],
            queue_url=outputs["QueueUrl"],
            dead_letter_url=outputs["DeadLetterUrl"],
            quarantine_url=outputs["QuarantineUrl"],
            webhook_secret=outputs["WebhookSecretArn"],
            api_secret=outputs["ApiSecretArn"],
            sweep_function=outputs["SweepFunctionName"],
        )
    except KeyError as e:
        raise TargetError(f"stack {stack} has no output {e}: is it a Paradime Run Archive?") from e
