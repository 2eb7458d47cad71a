"""`python -m tools.verify_aws`: does the stack work in the AWS account of your credentials?

Deploys a stack of its own, sends it deliveries as Paradime would, looks at what became of them, and
removes the stack with everything in it. Arguments go to `cdk deploy`, such as
`-c permissionsBoundary=…`. It calls nothing outside AWS: the run that it reports has no commands,
so that there is nothing to fetch from Paradime.
"""

import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

import boto3
import requests
from botocore.exceptions import BotoCoreError, ClientError

from cli.commands.set_up.send import deliver
from cli.stack.records import Record, read_run
from cli.stack.target import Target, deployed_target
from cli.terminal.errors import CommandError
from infra.cdk_cli import ROOT, cdk_command, with_own_tools
from local.inbox import subscribed_queue
from local.stack import LocalStackError
from local.stack.credentials import signing_secret
from local.stack.stack import interrupt_once, local_url
from local.stack.tool import running_tool

LOG = ROOT / "cdk.out" / "verify-aws.log"
SAMPLE = ROOT / "events" / "run_completed.json"
PATIENCE_SECONDS = 180
_COLUMNS = 80

Found = TypeVar("Found")


class VerifyError(Exception):
    """The stack did not do what it should."""


@dataclass
class Report:
    """One line a step as soon as it is over: what, how long it took, what was found."""

    failed: bool = False

    def step(self, what: str, do: Callable[[], str]) -> bool:
        """False if it failed."""
        began = time.monotonic()
        try:
            found = do()
        except (
            VerifyError,
            LocalStackError,
            CommandError,
            BotoCoreError,
            ClientError,
            requests.RequestException,
        ) as error:
            self.failed = True
            self._line(what, began, "FAILED")
            print(error, flush=True)
            return False
        self._line(what, began, found)
        return True

    def _line(self, what: str, began: float, found: str) -> None:
        line = f"  {what:<29} {time.monotonic() - began:6.1f} s   {found}"
        print(line if len(line) <= _COLUMNS else f"{line[: _COLUMNS - 1]}…", flush=True)


@dataclass
class Check:
    """One stack, from its deployment to its removal."""

    stage: str
    options: list[str]
    session: boto3.Session
    inbox: str | None = None
    """The URL of the queue that receives what is announced."""
    run_id: int = field(default_factory=lambda: secrets.randbelow(10**9) + 10**9)
    secret: str = ""

    @property
    def stack(self) -> str:
        return f"ParadimeRunArchive-{self.stage}"

    def deploy(self) -> str:
        LOG.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as assembly:
            command = cdk_command("deploy", "--require-approval", "never", "--output", assembly)
            command += ["--context", f"stage={self.stage}", *self.options]
            env = with_own_tools(dict(os.environ))
            with running_tool("cdk deploy", command, cwd=ROOT, env=env, log=LOG) as tool:
                tool.wait()
        self.secret = signing_secret(
            self.session.client("secretsmanager"), self.target.webhook_secret
        )
        self.inbox = subscribed_queue(self.session, self.topic, f"{self.stack}-inbox")
        return f"{len(self._resources())} resources"

    @cached_property
    def target(self) -> Target:
        """The stack as soon as it is deployed."""
        found = deployed_target(self.stack, None, self.session.region_name)
        if endpoint := os.environ.get("AWS_ENDPOINT_URL"):  # an embedded AWS
            return replace(found, webhook_url=local_url(found.webhook_url, endpoint))
        return found

    @property
    def topic(self) -> str:
        return self._output("FailedRunsTopicArn")

    def refused(self) -> str:
        answer = requests.post(self.target.webhook_url, data=self._body(), timeout=30)
        if answer.status_code != 401:
            raise VerifyError(f"an unsigned delivery was answered {answer.status_code}")
        return "401"

    def accepted(self) -> str:
        signing = {"scheme": "standard-webhooks", "secrets": [self.secret]}
        answer = deliver(self.target.webhook_url, json.dumps(signing), self._body())
        return f"run {answer['run']}"

    def recorded(self) -> str:
        return f"{len(self._record())} attributes"

    def archived(self) -> str:
        def look() -> list[str]:
            record = self._record()
            if record.get("archive_state") != "archived":
                return []
            objects = self.target.s3.list_objects_v2(
                Bucket=self.target.bucket, Prefix=record["archive_prefix"]
            )
            return [item["Key"].rpartition("/")[2] for item in objects.get("Contents", [])]

        files = _await(look, "the run's archive")
        if missing := {"index.html", "event.json", "archive.json"} - set(files):
            raise VerifyError(f"the archive lacks {', '.join(sorted(missing))}")
        return f"{len(files)} files, index.html among them"

    def announced(self) -> str:
        def look() -> str:
            answer = self.target.sqs.receive_message(QueueUrl=str(self.inbox), WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                envelope = json.loads(message["Body"])
                if json.loads(envelope["Message"])["run"]["run_id"] == self.run_id:
                    return str(envelope["Subject"])
            return ""

        return _await(look, "the message")

    def quiet(self) -> str:
        pages = self.target.cloudwatch.get_paginator("describe_alarms")
        alarms = [
            alarm
            for page in pages.paginate(AlarmNamePrefix=f"{self.stack}-")
            for alarm in page["MetricAlarms"]
        ]
        if not alarms:
            raise VerifyError("the stack has no alarms")
        ringing = [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
        if ringing:
            raise VerifyError(f"these alarms ring: {', '.join(ringing)}")
        return f"{len(alarms)} alarms, none rings"

    def remove(self) -> str:
        """Also what a stack keeps on purpose: this one was only for the check."""
        cloudformation = self.session.client("cloudformation")
        try:
            [found] = cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError:
            return "nothing was deployed"
        if self.inbox:
            self.session.client("sqs").delete_queue(QueueUrl=self.inbox)
        kept = self._resources()
        cloudformation.delete_stack(StackName=found["StackId"])
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=found["StackId"], WaiterConfig={"Delay": 2, "MaxAttempts": 450}
        )
        removed = [kind for kind, name in kept if self._delete(kind, name)]
        return f"all, with {len(removed)} parts that stacks keep"

    def _delete(self, kind: str, name: str) -> bool:
        """False if it is of a kind that goes with its stack, or has gone."""
        try:
            match kind:
                case "AWS::DynamoDB::Table":
                    tables = self.session.client("dynamodb")
                    tables.update_table(TableName=name, DeletionProtectionEnabled=False)
                    tables.get_waiter("table_exists").wait(TableName=name)
                    tables.delete_table(TableName=name)
                case "AWS::S3::Bucket":
                    bucket = self.session.resource("s3").Bucket(name)
                    bucket.object_versions.delete()
                    bucket.delete()
                case "AWS::SecretsManager::Secret":
                    self.session.client("secretsmanager").delete_secret(
                        SecretId=name, ForceDeleteWithoutRecovery=True
                    )
                case "AWS::SQS::Queue":
                    self.session.client("sqs").delete_queue(QueueUrl=name)
                case "AWS::Logs::LogGroup":
                    self.session.client("logs").delete_log_group(logGroupName=name)
                case _:
                    return False
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if "NotFound" in code or "NonExistent" in code or code == "NoSuchBucket":
                return False
            raise
        return True

    def _resources(self) -> list[tuple[str, str]]:
        pages = self.session.client("cloudformation").get_paginator("list_stack_resources")
        return [
            (found["ResourceType"], found["PhysicalResourceId"])
            for page in pages.paginate(StackName=self.stack)
            for found in page["StackResourceSummaries"]
        ]

    def _output(self, name: str) -> str:
        answer = self.session.client("cloudformation").describe_stacks(StackName=self.stack)
        return next(
            output["OutputValue"]
            for output in answer["Stacks"][0]["Outputs"]
            if output["OutputKey"] == name
        )

    def _record(self) -> Record:
        return read_run(self.target, str(self.run_id))

    def _body(self) -> bytes:
        now = datetime.now(UTC)
        run: dict[str, Any] = json.loads(SAMPLE.read_bytes())
        run |= {
            "id": self.run_id,
            "commands": [],
            "status": "failed",
            "start_dttm": _written(now - timedelta(minutes=1)),
            "end_dttm": _written(now),
        }
        return json.dumps(run).encode()


def _written(instant: datetime) -> str:
    """As Paradime writes it: without a zone."""
    return instant.strftime("%Y-%m-%d %H:%M:%S.%f")


def _await(look: Callable[[], Found], what: str) -> Found:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            raise VerifyError(f"{what} did not come within {PATIENCE_SECONDS} s")
        time.sleep(0.5)
    return found


def main() -> None:
    interrupt_once()
    check = Check(f"verify-{secrets.token_hex(4)}", sys.argv[1:], boto3.Session())
    report = Report()
    print(f"{check.stack}, {check.session.region_name}\n", flush=True)
    try:
        _ = (
            report.step("deployed", check.deploy)
            and report.step("unsigned delivery refused", check.refused)
            and report.step("signed delivery accepted", check.accepted)
            and report.step("run recorded", check.recorded)
            and report.step("run archived", check.archived)
            and report.step("failed run announced", check.announced)
            and report.step("alarms", check.quiet)
        )
    finally:
        if not report.step("removed", check.remove):
            print(f"Remove {check.stack} by hand: docs/operations.md says how.")
    print("\nFAILED" if report.failed else "\nEverything works, and nothing is left.")
    sys.exit(report.failed)


if __name__ == "__main__":
    main()
