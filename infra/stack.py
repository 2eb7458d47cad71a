"""The stack: composes the constructs, says who may do what, and names the outputs."""

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.base.bundling import Target, function_code
from infra.base.key import let_services_use
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
        bucket: s3.IBucket | None = None,
        key: kms.IKey | None = None,
        alarm_topic: sns.ITopic | None = None,
        **properties: Any,
    ) -> None:
        """`properties` are those of `cdk.Stack`; they come before the settings of the same name, as
        `key` and `alarm_topic` come before `kms_key_arn` and `alarm_topic_arn`.

        A `bucket` that is given takes the archives, below `runs/`; versions, expiry and encryption
        are then its owner's, and if it has an `encryption_key`, the fetch function may use it.
        """
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
        if key is None and settings.kms_key_arn:
            key = kms.Key.from_key_arn(self, "Key", settings.kms_key_arn)
        if key is not None:
            let_services_use(self, key)
        if alarm_topic is None and settings.alarm_topic_arn:
            alarm_topic = sns.Topic.from_topic_arn(self, "GivenAlarms", settings.alarm_topic_arn)
        self._key = key
        self._settings = settings
        self._variant = variant
        fetch_timeout = cdk.Duration.seconds(variant.fetch_timeout)
        self.records = Records(self, "Records", key=key)
        self.workspaces = Workspaces(self, "Workspaces", key=key)
        self.schedules = Schedules(self, "Schedules", key=key)
        self.queues = Queues(
            self,
            "Queues",
            consumer_timeout=fetch_timeout,
            max_receives=variant.max_receives,
            tls_only=variant.tls_only,
            key=key,
        )
        self.archive = Archive(
            self,
            "Archive",
            retention_days=settings.retention_days,
            history_retention_days=settings.history_retention_days,
            tls_only=variant.tls_only,
            key=key,
            bucket=bucket,
        )
        self.vault = Vault(self, "Vault", key=key)
        self.alerts = Alerts(
            self,
            "Alerts",
            email=settings.alert_email,
            alarm_topic=alarm_topic,
            key=key,
            tls_only=variant.tls_only,
        )
        target = Target.this_machine() if variant.for_this_machine else Target.lambda_()
        code = function_code(self, target=target)
        self.ingest = self._ingest(code)
        self.fetch = self._fetch(code, fetch_timeout)
        self.sweep = self._sweep(code)
        self.api = WebhookApi(
            self,
            "WebhookApi",
            handler=self.ingest.function,
            log_retention_days=settings.log_retention_days,
            key=self._key,
            throttle=apigateway.ThrottleSettings(
                rate_limit=settings.throttle_rate, burst_limit=settings.throttle_burst
            ),
            domain_name=settings.domain_name,
            certificate_arn=settings.certificate_arn,
        )
        self._watch()
        self._add_outputs()

    def _ingest(self, code: lambda_.Code) -> Function:
        settings = self._settings
        ingest = Function(
            self,
            "Ingest",
            package="ingest",
            code=code,
            timeout=cdk.Duration.seconds(10),  # Paradime waits 15 s for its answer
            memory_mib=512,
            log_retention_days=settings.log_retention_days,
            key=self._key,
            environment={
                "TABLE_NAME": self.records.table.table_name,
                "WORKSPACES_TABLE_NAME": self.workspaces.table.table_name,
                "SCHEDULES_TABLE_NAME": self.schedules.table.table_name,
                "QUEUE_URL": self.queues.runs.queue_url,
                "QUARANTINE_URL": self.queues.quarantine.queue_url,
                "WEBHOOK_SECRET_ARN": self.vault.webhook_arn,
                "API_HOSTS": json.dumps(settings.api_hosts),
                "ARCHIVE": settings.archive,
                "HISTORY": settings.history,
                "RETENTION_DAYS": str(settings.retention_days),
                "ALLOW_LOOPBACK": json.dumps(self._variant.allow_loopback),
            },
        )
        # A schedule without a state gets one from the records.
        ingest.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=self.records.table.table_arn)
        self._allow_schedules(ingest)
        ingest.allow(
            "dynamodb:Query",
            "dynamodb:Scan",
            on=f"{self.records.table.table_arn}/index/by-workspace",
            conditions={"StringEquals": {"dynamodb:Select": "COUNT"}},
        )
        ingest.allow("dynamodb:UpdateItem", on=self.workspaces.table.table_arn)
        ingest.allow("sqs:SendMessage", on=self.queues.runs.queue_arn)
        ingest.allow("sqs:SendMessage", on=self.queues.quarantine.queue_arn)
        ingest.allow("secretsmanager:GetSecretValue", on=self.vault.webhook_arn)
        return ingest

    def _fetch(self, code: lambda_.Code, timeout: cdk.Duration) -> Function:
        settings, variant = self._settings, self._variant
        bucket = self.archive.bucket
        fetch = Function(
            self,
            "Fetch",
            package="fetch",
            code=code,
            timeout=timeout,
            memory_mib=512,
            log_retention_days=settings.log_retention_days,
            key=self._key,
            environment={
                "TABLE_NAME": self.records.table.table_name,
                "WORKSPACES_TABLE_NAME": self.workspaces.table.table_name,
                "SCHEDULES_TABLE_NAME": self.schedules.table.table_name,
                "BUCKET_NAME": bucket.bucket_name,
                "QUEUE_URL": self.queues.runs.queue_url,
                "DEAD_LETTER_URL": self.queues.dead_letters.queue_url,
                "FAILED_RUNS_TOPIC_ARN": self.alerts.failed_runs.topic_arn,
                "API_SECRET_ARN": self.vault.api_arn,
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
        fetch.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=self.records.table.table_arn)
        self._allow_schedules(fetch)
        fetch.allow("dynamodb:GetItem", on=self.workspaces.table.table_arn)
        fetch.allow(
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            "sqs:SendMessage",  # a new message takes the place of one that is out of receives
            on=self.queues.runs.queue_arn,
        )
        fetch.allow("sqs:SendMessage", on=self.queues.dead_letters.queue_arn)
        fetch.allow("sns:Publish", on=self.alerts.failed_runs.topic_arn)
        fetch.allow("secretsmanager:GetSecretValue", on=self.vault.api_arn)
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
        if bucket.encryption_key not in (None, self._key):
            fetch.allow_key(bucket.encryption_key)
        fetch.acknowledge_wildcard(
            _as_nag_shows(self, bucket.arn_for_objects(_ARCHIVE_PREFIX)),
            "A run's objects lie below the names of its workspace and schedule, and its day.",
        )
        fetch.allow("s3:PutObject", "s3:GetObject", on=bucket.arn_for_objects(_HISTORY_PREFIX))
        fetch.acknowledge_wildcard(
            _as_nag_shows(self, bucket.arn_for_objects(_HISTORY_PREFIX)),
            "A run's rows lie below its day.",
        )
        lambda_.EventSourceMapping(
            self,
            "FetchRuns",
            target=fetch.function,
            event_source_arn=self.queues.runs.queue_arn,
            # One run an invocation: a time-out then delivers no other run again.
            batch_size=1,
            report_batch_item_failures=True,
            max_concurrency=settings.max_concurrency,
        )
        return fetch

    def _sweep(self, code: lambda_.Code) -> Function:
        settings, table = self._settings, self.records.table
        sweep = Function(
            self,
            "Sweep",
            package="sweep",
            code=code,
            timeout=cdk.Duration.minutes(15),
            memory_mib=256,  # it waits for Paradime most of the time
            log_retention_days=settings.log_retention_days,
            key=self._key,
            environment={
                "TABLE_NAME": table.table_name,
                "WORKSPACES_TABLE_NAME": self.workspaces.table.table_name,
                "SCHEDULES_TABLE_NAME": self.schedules.table.table_name,
                "QUEUE_URL": self.queues.runs.queue_url,
                "FAILED_RUNS_TOPIC_ARN": self.alerts.failed_runs.topic_arn,
                "API_SECRET_ARN": self.vault.api_arn,
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
        sweep.allow("dynamodb:Query", on=self.schedules.table.table_arn)
        sweep.allow(
            "dynamodb:Scan",
            "dynamodb:GetItem",
            "dynamodb:UpdateItem",
            on=self.workspaces.table.table_arn,
        )
        sweep.allow("sqs:SendMessage", on=self.queues.runs.queue_arn)
        sweep.allow("secretsmanager:GetSecretValue", on=self.vault.api_arn)
        sweep.allow("sns:Publish", on=self.alerts.failed_runs.topic_arn)
        SweepSchedule(self, "SweepSchedule", function=sweep.function, hours=settings.sweep_hours)
        return sweep

    def _allow_schedules(self, function: Function) -> None:
        function.allow("dynamodb:GetItem", "dynamodb:PutItem", on=self.schedules.table.table_arn)
        function.allow("dynamodb:Query", on=f"{self.records.table.table_arn}/index/by-schedule")

    def _watch(self) -> None:
        alarms = Alarms(
            self,
            "Alarms",
            topic=self.alerts.alarms,
            queues=self.queues,
            api=self.api,
            fetch=self.fetch,
            sweep=self.sweep,
            sweep_hours=self._settings.sweep_hours,
            silence_hours=self._settings.silence_hours,
        )
        if self._settings.dashboard:
            Dashboard(
                self,
                "Watching",
                queues=self.queues,
                api=self.api,
                ingest=self.ingest,
                fetch=self.fetch,
                alarms=alarms.all,
            )

    def _add_outputs(self) -> None:
        """Scripts and the command line find the stack's parts by these names."""
        table, queues, alerts = self.records.table, self.queues, self.alerts
        for name, value, description in (
            ("WebhookUrl", self.api.url, "the address that Paradime's webhook calls"),
            ("TableName", table.table_name, "the table of run records"),
            (
                "SchedulesTableName",
                self.schedules.table.table_name,
                "the table of schedules' states",
            ),
            ("BucketName", self.archive.bucket.bucket_name, "the bucket of archived runs"),
            ("QueueUrl", queues.runs.queue_url, "the run queue: runs to archive"),
            ("DeadLetterUrl", queues.dead_letters.queue_url, "dead letters: runs given up"),
            ("QuarantineUrl", queues.quarantine.queue_url, "quarantine: deliveries not understood"),
            ("FailedRunsTopicArn", alerts.failed_runs.topic_arn, "the topic of failed runs"),
            ("AlarmsTopicArn", alerts.alarms.topic_arn, "the topic of alarms"),
            ("WebhookSecretArn", self.vault.webhook_arn, "the secret with which Paradime signs"),
            ("ApiSecretArn", self.vault.api_arn, "credentials for Paradime's API"),
            (
                "SweepFunctionName",
                self.sweep.function.function_name,
                "finds runs whose webhook never arrived",
            ),
        ):
            cdk.CfnOutput(self, name, value=value, description=description)
        if self.api.domain_target:
            cdk.CfnOutput(
                self,
                "DomainTarget",
                value=self.api.domain_target,
                description="where the DNS record of domainName points to",
            )


def _as_nag_shows(stack: cdk.Stack, arn: str) -> str:
    """An ARN with its references in angle brackets, by which cdk-nag names a finding."""

    def shown(value: Any) -> str:
        match value:
            case {"Ref": name}:
                return f"<{name}>"
            case {"Fn::GetAtt": [name, attribute]}:
                return f"<{name}.{attribute}>"
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(map(shown, parts))
            case _:
                return str(value)

    return shown(stack.resolve(arn))
