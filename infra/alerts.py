"""Where people are told of failed runs."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class Alerts(Construct):
    """An encrypted topic with one message a failed run; the e-mail address, if any, gets them."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the CDK's own name
        *,
        email: str | None,
        tls_only: bool,
    ) -> None:
        super().__init__(scope, id)
        self.failed_runs = sns.Topic(
            self,
            "FailedRuns",
            display_name="Failed Paradime runs",
            master_key=kms.Alias.from_alias_name(self, "Key", "alias/aws/sns"),
            enforce_ssl=tls_only,
        )
        if email is not None:
            self.failed_runs.add_subscription(subscriptions.EmailSubscription(email))
