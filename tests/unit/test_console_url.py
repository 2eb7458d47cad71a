"""Links to the AWS console lead to the one of the bucket's partition."""

import boto3
import pytest

from functions.aws.bucket import ArchiveBucket


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
        ("cn-north-1", "console.amazonaws.cn"),
    ],
)
def test_the_archive_is_linked_in_the_console_of_its_partition(region: str, host: str) -> None:
    client = boto3.client(
        "s3", region_name=region, aws_access_key_id="none", aws_secret_access_key="none"
    )
    url = ArchiveBucket(client, "b").console_url("runs/a/")
    assert url == f"https://{host}/s3/buckets/b?region={region}&prefix=runs/a/"
