"""The bucket of archived runs."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.base.nag import LOOPBACK_ONLY, acknowledge

# What begins each key: of a run's archive, and of the rows of its results.
ARCHIVES = "runs/"
HISTORY = "history/"


class Archive(Construct):
    """Private and encrypted. A run's archive expires with its record, its rows later.

    Versioned, because a later delivery may write a run's objects again: what it replaced can be
    had back for 30 days.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        retention_days: int,
        history_retention_days: int,
        tls_only: bool,
        key: kms.IKey | None,
        bucket: s3.IBucket | None,
    ) -> None:
        """A given `bucket` takes the place of one of its own, and is left as it is."""
        super().__init__(scope, id)
        lifetimes = {
            "Retention": (ARCHIVES, retention_days),
            "HistoryRetention": (HISTORY, history_retention_days),
        }
        self.bucket = bucket or self._bucket(lifetimes, tls_only=tls_only, key=key)

    def _bucket(
        self, lifetimes: Mapping[str, tuple[str, int]], *, tls_only: bool, key: kms.IKey | None
    ) -> s3.Bucket:
        """`lifetimes` are rules by their ids: what the keys begin with, and days."""
        bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            # One call of KMS for many objects.
            bucket_key_enabled=True if key else None,
            enforce_ssl=tls_only,
            versioned=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id=name,
                    prefix=prefix,
                    expiration=cdk.Duration.days(days),
                    noncurrent_version_expiration=cdk.Duration.days(30),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
                for name, (prefix, days) in lifetimes.items()
            ],
        )
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "Access logs would need a second bucket with the same question; a team that wants "
            "them turns on CloudTrail data events for this bucket.",
        )
        if not tls_only:
            acknowledge(bucket, "AwsSolutions-S10", LOOPBACK_ONLY)
        return bucket
