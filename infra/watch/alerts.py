"""Where people are told of failed runs, and of faults of this application."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.base.nag import LOOPBACK_ONLY, acknowledge


class Alerts(Construct):
    """A topic with one message a failed run, and one for the alarms; the e-mail address, if any,
    gets both.

    Two topics, because who reads of failed runs, and filters them by schedule, need not be who
    runs this stack.
    """

    def __init__(self, scope: Construct, id: str, *, email: str | None, tls_only: bool) -> None:
        super().__init__(scope, id)
        self.failed_runs = sns.Topic(
            self,
            "FailedRuns",
            display_name="Failed Paradime runs",
            # Its policy lets all of the account that may publish use it: no right beyond that.
            master_key=kms.Alias.from_alias_name(self, "Key", "alias/aws/sns"),
            enforce_ssl=tls_only,
        )
        # CloudWatch cannot publish to a topic with that key, whose policy cannot be changed, and a
        # key of our own would cost more than all alarms together. What the alarms say is in this
        # repository; SNS keeps it on encrypted disks as it does everything.
        # https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
        self.alarms = sns.Topic(
            self, "Alarms", display_name="Paradime Run Archive", enforce_ssl=tls_only
        )
        self._let_alarms_publish()
        if not tls_only:
            acknowledge(self.alarms, "AwsSolutions-SNS3", LOOPBACK_ONLY)
        if email is not None:
            for topic in (self.failed_runs, self.alarms):
                topic.add_subscription(subscriptions.EmailSubscription(email))

    def _let_alarms_publish(self) -> None:
        """A topic with a policy of its own has lost the one that let the whole account publish."""
        stack = cdk.Stack.of(self)
        alarms = stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self.alarms.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.alarms.topic_arn],
                conditions={
                    "ArnLike": {"aws:SourceArn": alarms},
                    "StringEquals": {"aws:SourceAccount": stack.account},
                },
            )
        )
