"""The credentials and clients of the embedded AWS, apart from the user's own AWS configuration."""

import os

import boto3

from cli.stack.target import isolated_session

REGION = "us-east-1"
ACCOUNT = "000000000000"
# Root of the embedded AWS. Nothing outside knows these.
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"


def session() -> boto3.Session:
    """Root on the embedded AWS; give each client the stack's `endpoint_url`."""
    return isolated_session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, REGION)


def environment(endpoint_url: str) -> dict[str, str]:
    """Environment variables that make any AWS tool talk to the embedded AWS and to nothing else.

    To be laid over an environment without `AWS_*`: see `without_aws`.
    """
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ENDPOINT_URL_S3": endpoint_url,
        **_NOTHING_OF_THE_USER,
    }


def without_aws() -> dict[str, str]:
    """This process's environment without anything that an AWS tool or the CDK reads."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CDK_"))}
    return {**kept, **_NOTHING_OF_THE_USER}


_NOTHING_OF_THE_USER = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
