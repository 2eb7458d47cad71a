"""The stack: composes the constructs, says who may do what, and names the outputs."""

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.base.bundling import Target, function_code
from infra.parts.archive import ARCHIVES, HISTORY, Archive
from infra.parts.function import Function
from infra.parts.queues import Queues
from infra.parts.records import Records
from infra.parts.sweep import SweepSchedule
from infra.parts.tables import Schedules, Workspaces
from infra.parts.vault import Vault
from infra.parts.webhook_api import WebhookApi
from infra.settings import Settings
from infra.variant import DEPLOYED, Variant
from infra.watch.alarms import Alarms
from infra.watch.alerts import Alerts
from infra.watch.dashboard import Dashboard

# Where a run's archive lies in the bucket, and the rows of all runs.
_ARCHIVE_PREFIX = f"{ARCHIVES}*"
_HISTORY_PREFIX = f"{HISTORY}*"


class ArchiveStack(cdk.Stack):
    """Webhook to archive: HTTP API, ingest function, table, queue, fetch function, bucket.

    Beside it the sweep function, for runs whose webhook never arrived.
    """

    def __init__(
        self,
        scope: Construct,
        id: str | None = None,
        *,
        settings: Settings,
        variant: Variant = DEPLOYED,
        **properties: Any,
    ) -> None:
        """`properties` are those of `cdk.Stack`; they come before the settings of the same name."""
        defaults: dict[str, Any] = {
            "description": (
                "Archives the console logs and dbt artifacts of failed Paradime Bolt runs"
            ),
            "synthesizer": cdk.CliCredentialsStackSynthesizer()
            if variant.with_cli_credentials
            else cdk.DefaultStackSynthesizer(),
            "tags": settings.tags,
            "termination_protection": settings.termination_protection,
        }
        super().__init__(scope, id or settings.stack_name, **(defaults | properties))
        if settings.permissions_boundary:
            boundary = iam.ManagedPolicy.from_managed_policy_arn(
                self, "Boundary", settings.permissions_boundary
            )
            iam.PermissionsBoundary.of(self).apply(boundary)
        self._settings = settings
        self._variant = variant
        fetch_timeout = cdk.Duration.seconds(variant.fetch_timeout)
        self._records = Records(self, "Records")
        self._workspaces = Workspaces(self, "Workspaces")
        self._schedules = Schedules(self, "Schedules")
        self._queues = Queues(
            self,
            "Queues",
            consumer_timeout=fetch_timeout,
            max_receives=variant.max_receives,
            tls_only=variant.tls_only,
        )
        self._archive = Archive(
            self,
            "Archive",
            retention_days=settings.retention_days,
            history_retention_days=settings.history_retention_days,
            tls_only=variant.tls_only,
        )
        self._vault = Vault(self, "Vault")
        self._alerts = Alerts(
            self,
            "Alerts",
            email=settings.alert_email,
            alarm_topic_arn=settings.alarm_topic_arn,
            tls_only=variant.tls_only,
        )
        target = Target.this_machine() if variant.for_this_machine else Target.lambda_()
        code = function_code(self, target=target)
        ingest = self._ingest(code)
        fetch = self._fetch(code, fetch_timeout)
        sweep = self._sweep(code)
        api = WebhookApi(
            self,
            "WebhookApi",
            handler=ingest.function,
            log_retention_days=settings.log_retention_days,
            throttle=apigateway.ThrottleSettings(
                rate_limit=settings.throttle_rate, burst_limit=settings.throttle_burst
            ),
            domain_name=settings.domain_name,
            certificate_arn=settings.certificate_arn,
        )
        self._watch(api, ingest, fetch, sweep)
        self._add_outputs(api, sweep)

    def _ingest(self, code: lambda_.Code) -> Function:
        ingest = Function(
            self,
            "Ingest",
            package="ingest",
            code=code,
            timeout=cdk.Duration.seconds(10),  # Paradime waits 15 s for its answer
            memory_mib=512,
            log_retention_days=self._settings.log_retention_days,
            environment={
                "TABLE_NAME": self._records.table.table_name,
                "WORKSPACES_TABLE_NAME": self._workspaces.table.table_name,
                "SCHEDULES_TABLE_NAME": self._schedules.table.table_name,
                "QUEUE_URL": self._queues.runs.queue_url,
                "QUARANTINE_URL": self._queues.quarantine.queue_url,
                "WEBHOOK_SECRET_ARN": self._vault.webhook_arn,
                "API_HOSTS": json.dumps(self._settings.api_hosts),
                "ARCHIVE": self._settings.archive,
                "HISTORY": self._settings.history,
                "RETENTION_DAYS": str(self._settings.retention_days),
                "ALLOW_LOOPBACK": json.dumps(self._variant.allow_loopback),
            },
        )
        # A schedule without a state gets one from the records.
        ingest.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=self._records.table.table_arn)
        self._allow_schedules(ingest)
        ingest.allow(
            "dynamodb:Query",
            "dynamodb:Scan",
            on=f"{self._records.table.table_arn}/index/by-workspace",
            conditions={"StringEquals": {"dynamodb:Select": "COUNT"}},
        )
        ingest.allow("dynamodb:UpdateItem", on=self._workspaces.table.table_arn)
        ingest.allow("sqs:SendMessage", on=self._queues.runs.queue_arn)
        ingest.allow("sqs:SendMessage", on=self._queues.quarantine.queue_arn)
        ingest.allow("secretsmanager:GetSecretValue", on=self._vault.webhook_arn)
        return ingest

    def _fetch(self, code: lambda_.Code, timeout: cdk.Duration) -> Function:
        settings, variant = self._settings, self._variant
        bucket = self._archive.bucket
        fetch = Function(
            self,
            "Fetch",
            package="fetch",
            code=code,
            timeout=timeout,
            memory_mib=512,
            log_retention_days=self._settings.log_retention_days,
            environment={
                "TABLE_NAME": self._records.table.table_name,
                "WORKSPACES_TABLE_NAME": self._workspaces.table.table_name,
                "SCHEDULES_TABLE_NAME": self._schedules.table.table_name,
                "BUCKET_NAME": bucket.bucket_name,
                "QUEUE_URL": self._queues.runs.queue_url,
                "DEAD_LETTER_URL": self._queues.dead_letters.queue_url,
                "FAILED_RUNS_TOPIC_ARN": self._alerts.failed_runs.topic_arn,
                "API_SECRET_ARN": self._vault.api_arn,
                "API_HOSTS": json.dumps(settings.api_hosts),
                "ARTIFACT_PATTERNS": json.dumps(settings.artifact_patterns),
                "MAX_ARTIFACT_MIB": str(settings.max_artifact_mib),
                "MAX_RECEIVES": str(variant.max_receives),
                "RETRY_BASE_SECONDS": str(variant.retry_base),
                "RETRY_CAP_SECONDS": str(variant.retry_cap),
                "MISSING_GRACE_SECONDS": str(variant.missing_grace),
                "RETENTION_DAYS": str(settings.retention_days),
                "REMIND_HOURS": str(settings.remind_hours),
                "REPO_URL": settings.repo_url or "",
                "ALLOW_LOOPBACK": json.dumps(variant.allow_loopback),
            },
        )
        fetch.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=self._records.table.table_arn)
        self._allow_schedules(fetch)
        fetch.allow("dynamodb:GetItem", on=self._workspaces.table.table_arn)
        fetch.allow(
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            "sqs:SendMessage",  # a new message takes the place of one that is out of receives
            on=self._queues.runs.queue_arn,
        )
        fetch.allow("sqs:SendMessage", on=self._queues.dead_letters.queue_arn)
        fetch.allow("sns:Publish", on=self._alerts.failed_runs.topic_arn)
        fetch.allow("secretsmanager:GetSecretValue", on=self._vault.api_arn)
        fetch.allow(
            "s3:PutObject",
            "s3:GetObject",
            "s3:AbortMultipartUpload",
            on=bucket.arn_for_objects(_ARCHIVE_PREFIX),
        )
        fetch.allow(
            "s3:ListBucket",
            on=bucket.bucket_arn,
            conditions={"StringLike": {"s3:prefix": [_ARCHIVE_PREFIX, _HISTORY_PREFIX]}},
        )
        fetch.acknowledge_wildcard(
            f"<{self.get_logical_id(_cfn(bucket))}.Arn>/{_ARCHIVE_PREFIX}",
            "A run's objects lie below the names of its workspace and schedule, and its day.",
        )
        fetch.allow("s3:PutObject", "s3:GetObject", on=bucket.arn_for_objects(_HISTORY_PREFIX))
        fetch.acknowledge_wildcard(
            f"<{self.get_logical_id(_cfn(bucket))}.Arn>/{_HISTORY_PREFIX}",
            "A run's rows lie below its day.",
        )
        lambda_.EventSourceMapping(
            self,
            "FetchRuns",
            target=fetch.function,
            event_source_arn=self._queues.runs.queue_arn,
            # One run an invocation: a time-out then delivers no other run again.
            batch_size=1,
            report_batch_item_failures=True,
            max_concurrency=settings.max_concurrency,
        )
        return fetch

    def _sweep(self, code: lambda_.Code) -> Function:
        settings, table = self._settings, self._records.table
        sweep = Function(
            self,
            "Sweep",
            package="sweep",
            code=code,
            timeout=cdk.Duration.minutes(15),
            memory_mib=256,  # it waits for Paradime most of the time
            log_retention_days=settings.log_retention_days,
            environment={
                "TABLE_NAME": table.table_name,
                "WORKSPACES_TABLE_NAME": self._workspaces.table.table_name,
                "SCHEDULES_TABLE_NAME": self._schedules.table.table_name,
                "QUEUE_URL": self._queues.runs.queue_url,
                "FAILED_RUNS_TOPIC_ARN": self._alerts.failed_runs.topic_arn,
                "API_SECRET_ARN": self._vault.api_arn,
                "API_HOSTS": json.dumps(settings.api_hosts),
                "ARCHIVE": settings.archive,
                "HISTORY": settings.history,
                "RETENTION_DAYS": str(settings.retention_days),
                "SWEEP_LOOKBACK_HOURS": str(settings.sweep_lookback_hours),
                "STALE_HOURS": str(settings.stale_hours),
                "ALLOW_LOOPBACK": json.dumps(self._variant.allow_loopback),
            },
        )
        sweep.allow("dynamodb:Query", on=f"{table.table_arn}/index/by-workspace")
        sweep.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=table.table_arn)
        self._allow_schedules(sweep)
        sweep.allow("dynamodb:Query", on=self._schedules.table.table_arn)
        sweep.allow(
            "dynamodb:Scan",
            "dynamodb:GetItem",
            "dynamodb:UpdateItem",
            on=self._workspaces.table.table_arn,
        )
        sweep.allow("sqs:SendMessage", on=self._queues.runs.queue_arn)
        sweep.allow("secretsmanager:GetSecretValue", on=self._vault.api_arn)
        sweep.allow("sns:Publish", on=self._alerts.failed_runs.topic_arn)
        SweepSchedule(self, "SweepSchedule", function=sweep.function, hours=settings.sweep_hours)
        return sweep

    def _allow_schedules(self, function: Function) -> None:
        function.allow("dynamodb:GetItem", "dynamodb:PutItem", on=self._schedules.table.table_arn)
        function.allow("dynamodb:Query", on=f"{self._records.table.table_arn}/index/by-schedule")

    def _watch(self, api: WebhookApi, ingest: Function, fetch: Function, sweep: Function) -> None:
        alarms = Alarms(
            self,
            "Alarms",
            topic=self._alerts.alarms,
            queues=self._queues,
            api=api,
            fetch=fetch,
            sweep=sweep,
            sweep_hours=self._settings.sweep_hours,
            silence_hours=self._settings.silence_hours,
        )
        if self._settings.dashboard:
            Dashboard(
                self,
                "Watching",
                queues=self._queues,
                api=api,
                ingest=ingest,
                fetch=fetch,
                alarms=alarms.all,
            )

    def _add_outputs(self, api: WebhookApi, sweep: Function) -> None:
        """Scripts and the command line find the stack's parts by these names."""
        table, queues, alerts = self._records.table, self._queues, self._alerts
        for name, value, description in (
            ("WebhookUrl", api.url, "the address that Paradime's webhook calls"),
            ("TableName", table.table_name, "the table of run records"),
            (
                "SchedulesTableName",
                self._schedules.table.table_name,
                "the table of schedules' states",
            ),
            ("BucketName", self._archive.bucket.bucket_name, "the bucket of archived runs"),
            ("QueueUrl", queues.runs.queue_url, "the run queue: runs to archive"),
            ("DeadLetterUrl", queues.dead_letters.queue_url, "dead letters: runs given up"),
            ("QuarantineUrl", queues.quarantine.queue_url, "quarantine: deliveries not understood"),
            ("FailedRunsTopicArn", alerts.failed_runs.topic_arn, "the topic of failed runs"),
            ("AlarmsTopicArn", alerts.alarms.topic_arn, "the topic of alarms"),
            ("WebhookSecretArn", self._vault.webhook_arn, "the secret with which Paradime signs"),
            ("ApiSecretArn", self._vault.api_arn, "credentials for Paradime's API"),
            (
                "SweepFunctionName",
                sweep.function.function_name,
                "finds runs whose webhook never arrived",
            ),
        ):
            cdk.CfnOutput(self, name, value=value, description=description)
        if api.domain_target:
            cdk.CfnOutput(
                self,
                "DomainTarget",
                value=api.domain_target,
                description="where the DNS record of domainName points to",
            )


def _cfn(resource: Construct) -> cdk.CfnElement:
    element = resource.node.default_child
    assert isinstance(element, cdk.CfnElement)
    return element
