"""A Lambda function with its own role and its own log group."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.base.bundling import ARCHITECTURE, RUNTIME
from infra.base.key import KEY_ACTIONS, only_through_services
from infra.base.logs import kept_logs
from infra.base.metrics import namespace
from infra.base.nag import acknowledge

_LOCKED = "The runtime moves with the locked wheels, which are for one version of Python."
_ANSWERS = {
    "AwsSolutions-L1": _LOCKED,
    "Serverless-LambdaLatestVersion": _LOCKED,
    "Serverless-LambdaDLQ": (
        "For asynchronous calls alone. API Gateway waits for its answer, the run queue has dead "
        "letters, and a sweep that fails leaves its work to the next one."
    ),
    "Serverless-LambdaTracing": "Logs, metrics and records tell a run's way: docs/decisions.md.",
}


class Function(Construct):
    """One of the handlers in `functions`, allowed only to log, and to use what `key` encrypts."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        package: str,
        code: lambda_.Code,
        timeout: cdk.Duration,
        memory_mib: int,
        environment: Mapping[str, str],
        log_retention_days: int,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, id)
        self.log_group = kept_logs(self, "Logs", retention_days=log_retention_days, key=key)
        # Not AWSLambdaBasicExecutionRole, which may write to every log group of the account.
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.allow("logs:CreateLogStream", "logs:PutLogEvents", on=self.log_group.log_group_arn)
        if key is not None:
            self.allow_key(key)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            code=code,
            handler=f"functions.{package}.handler.handler",
            role=self._role,
            log_group=self.log_group,
            timeout=timeout,
            memory_size=memory_mib,
            environment={
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": namespace(self),
                **environment,
            },
        )
        # The CDK writes the dependency on the role out, and cfn-lint finds it said twice.
        self.function.node.default_child.add_metadata(  # type: ignore[union-attr]
            "cfn-lint", {"config": {"ignore_checks": ["W3005"]}}
        )
        for rule, reason in _ANSWERS.items():
            acknowledge(self.function, rule, reason)

    def allow(
        self, *actions: str, on: str, conditions: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        """Exactly these actions: the CDK's grants give more than the functions do."""
        self._role.add_to_policy(
            iam.PolicyStatement(actions=list(actions), resources=[on], conditions=conditions)
        )

    def allow_key(self, key: kms.IKey) -> None:
        """What the key encrypts, through the services that hold it."""
        self.allow(*KEY_ACTIONS, on=key.key_arn, conditions=only_through_services(self))

    def acknowledge_wildcard(self, resource: str, reason: str) -> None:
        acknowledge(self._role, f"AwsSolutions-IAM5[Resource::{resource}]", reason)
