"""The queues: runs to archive, dead letters, and deliveries that nobody understood."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.base.nag import LOOPBACK_ONLY, acknowledge

_LONGEST = cdk.Duration.days(14)
# The fetch function itself gives a run up, on the last of its receives, and the record says so. If
# that receive is cut short, by a kill or by throttling, further ones do it.
_SPARE_RECEIVES = 5
_LARGEST_MESSAGE = 1024 * 1024  # bytes, what SQS takes since 2025
# Without it any queue of the account may put messages here by naming this one for its dead letters,
# whoever may send to it.
_NO_DEAD_LETTERS = sqs.RedriveAllowPolicy(redrive_permission=sqs.RedrivePermission.DENY_ALL)


class Queues(Construct):
    """Each is encrypted and keeps its messages for 14 days."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        consumer_timeout: cdk.Duration,
        max_receives: int,
        tls_only: bool,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, id)
        self._tls_only, self._key = tls_only, key
        # It cannot name the one queue whose dead letters it takes: each would need the other first.
        self.dead_letters = self._queue("DeadLetters", redrive_allow_policy=None)
        # Its deliveries are stored nowhere else.
        self.quarantine = self._queue(
            "Quarantine", removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        )
        self.runs = self._queue(
            "Runs",
            # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            visibility_timeout=cdk.Duration.seconds(6 * consumer_timeout.to_seconds()),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=max_receives + _SPARE_RECEIVES
            ),
        )
        for queue in (self.dead_letters, self.quarantine):
            acknowledge(queue, "AwsSolutions-SQS3", "It is where messages end: nothing reads it.")

    def _queue(
        self,
        name: str,
        *,
        visibility_timeout: cdk.Duration | None = None,
        dead_letter_queue: sqs.DeadLetterQueue | None = None,
        redrive_allow_policy: sqs.RedriveAllowPolicy | None = _NO_DEAD_LETTERS,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.DESTROY,
    ) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            name,
            encryption=sqs.QueueEncryption.KMS if self._key else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=self._key,
            enforce_ssl=self._tls_only,
            retention_period=_LONGEST,
            max_message_size_bytes=_LARGEST_MESSAGE,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=dead_letter_queue,
            redrive_allow_policy=redrive_allow_policy,
            removal_policy=removal_policy,
        )
        if not self._tls_only:
            acknowledge(queue, "AwsSolutions-SQS4", LOOPBACK_ONLY)
        return queue
