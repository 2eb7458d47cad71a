"""The stack that a command works on: deployed, or the local one."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import TargetError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

LOCAL_OUTPUTS = Path(".local") / "outputs.json"


@dataclass(frozen=True)
class Target:
    """Names of a stack's parts, and clients in its account and region."""

    session: boto3.Session
    endpoint_url: str | None
    webhook_url: str
    table: str
    bucket: str
    queue_url: str
    dead_letter_url: str
    quarantine_url: str
    webhook_secret: str
    api_secret: str

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self.session.client("dynamodb", endpoint_url=self.endpoint_url)

    @cached_property
    def s3(self) -> "S3Client":
        return self.session.client("s3", endpoint_url=self.endpoint_url)

    @cached_property
    def sqs(self) -> "SQSClient":
        return self.session.client("sqs", endpoint_url=self.endpoint_url)

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        return self.session.client("secretsmanager", endpoint_url=self.endpoint_url)


def local_target(outputs_file: Path = LOCAL_OUTPUTS) -> Target:
    """The stack that `make local` keeps up.

    Raises:
        TargetError: it is not up.
    """
    try:
        outputs = json.loads(outputs_file.read_text())
    except FileNotFoundError:
        raise TargetError(
            f"no local stack: {outputs_file} is not there; start one with `make local`"
        ) from None
    session = boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 (the embedded AWS's root, on loopback)
        region_name=outputs["region"],
    )
    return Target(
        session=session,
        endpoint_url=outputs["endpoint_url"],
        webhook_url=outputs["webhook_url"],
        table=outputs["table"],
        bucket=outputs["bucket"],
        queue_url=outputs["queue_url"],
        dead_letter_url=outputs["dlq_url"],
        quarantine_url=outputs["quarantine_url"],
        webhook_secret=outputs["webhook_secret_arn"],
        api_secret=outputs["api_secret_arn"],
    )


def deployed_target(stack: str, profile: str | None, region: str | None) -> Target:
    """A stack in the AWS account of the credentials at hand.

    Raises:
        TargetError: the account cannot be reached, or has no such stack.
    """
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
        answer = session.client("cloudformation").describe_stacks(StackName=stack)
    except ClientError as e:
        raise TargetError(f"no stack {stack}: {e}; name yours with --stack and --region") from e
    except BotoCoreError as e:
        raise TargetError(f"AWS cannot be reached: {e}") from e
    outputs = {o["OutputKey"]: o["OutputValue"] for o in answer["Stacks"][0].get("Outputs", [])}
    try:
        return Target(
            session=session,
            endpoint_url=None,
            webhook_url=outputs["WebhookUrl"],
            table=outputs["TableName"],
            bucket=outputs["BucketName"],
            queue_url=outputs["QueueUrl"],
            dead_letter_url=outputs["DeadLetterUrl"],
            quarantine_url=outputs["QuarantineUrl"],
            webhook_secret=outputs["WebhookSecretArn"],
            api_secret=outputs["ApiSecretArn"],
        )
    except KeyError as e:
        raise TargetError(f"stack {stack} has no output {e}: is it a Paradime Run Archive?") from e


def targeted(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options that choose a stack, and passes it the `target` they name."""

    @wraps(command)
    def with_options(
        *args: Any,
        local: bool,
        stack: str,
        profile: str | None,
        region: str | None,
        **kwargs: Any,
    ) -> None:
        target = local_target() if local else deployed_target(stack, profile, region)
        command(*args, target=target, **kwargs)

    panel = "Which stack"
    options = {
        "local": Annotated[
            bool, typer.Option("--local", help="The local stack.", rich_help_panel=panel)
        ],
        "stack": Annotated[
            str,
            typer.Option(help="CloudFormation stack.", rich_help_panel=panel),
        ],
        "profile": Annotated[str | None, typer.Option(help="AWS profile.", rich_help_panel=panel)],
        "region": Annotated[str | None, typer.Option(help="AWS region.", rich_help_panel=panel)],
    }
    defaults = {"local": False, "stack": "ParadimeRunArchive", "profile": None, "region": None}
    signature = inspect.signature(command)
    with_options.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            *(p for name, p in signature.parameters.items() if name != "target"),
            *(
                inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=defaults[name],
                    annotation=annotation,
                )
                for name, annotation in options.items()
            ),
        ]
    )
    return with_options
