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

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        email: str | None,
        alarm_topic: sns.ITopic | None,
        key: kms.IKey | None,
        tls_only: bool,
    ) -> None:
        """With `alarm_topic`, alarms notify that topic, whose policy has to let them."""
        super().__init__(scope, id)
        self.failed_runs = sns.Topic(
            self,
            "FailedRuns",
            display_name="Failed Paradime runs",
            enforce_ssl=tls_only,
            master_key=key,
        )
        if key is None:
            self._encrypt_with_the_key_of_sns(self.failed_runs)
        own = [] if alarm_topic else [self._alarms(tls_only=tls_only, key=key)]
        self.alarms = alarm_topic or own[0]
        if email is not None:
            for topic in (self.failed_runs, *own):
                topic.add_subscription(subscriptions.EmailSubscription(email))

    def _encrypt_with_the_key_of_sns(self, topic: sns.Topic) -> None:
        # Its policy lets all of the account that may publish use it: no right beyond that. Its
        # plain name, since an ARN would have to exist, and AWS makes the key with its first use.
        cfn_topic = topic.node.default_child
        assert isinstance(cfn_topic, sns.CfnTopic)
        cfn_topic.kms_master_key_id = "alias/aws/sns"

    def _alarms(self, *, tls_only: bool, key: kms.IKey | None) -> sns.Topic:
        # CloudWatch cannot publish to a topic with the key of SNS, whose policy cannot be changed,
        # and a key that nobody asked for would cost more than all alarms together. What the alarms
        # say is in this repository; SNS keeps it on encrypted disks as it does everything.
        # https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
        topic = sns.Topic(
            self,
            "Alarms",
            display_name="Paradime Run Archive",
            enforce_ssl=tls_only,
            master_key=key,
        )
        self._let_alarms_publish(topic)
        if not tls_only:
            acknowledge(topic, "AwsSolutions-SNS3", LOOPBACK_ONLY)
        return topic

    def _let_alarms_publish(self, topic: sns.Topic) -> None:
        """A topic with a policy of its own has lost the one that let the whole account publish."""
        stack = cdk.Stack.of(self)
        alarms = stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={
                    "ArnLike": {"aws:SourceArn": alarms},
                    "StringEquals": {"aws:SourceAccount": stack.account},
                },
            )
        )
