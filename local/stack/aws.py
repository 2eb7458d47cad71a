"""The credentials and clients of the embedded AWS, apart from the user's own AWS configuration."""

import base64
import os
import secrets
from dataclasses import dataclass, field

import boto3

from cli.stack.target import isolated_session

REGION = "us-east-1"
ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Operator:
    """Who may do everything on the embedded AWS at `endpoint_url`."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    def session(self) -> boto3.Session:
        """Give each client the `endpoint_url`."""
        return isolated_session(self.access_key_id, self.secret_access_key, REGION)

    def environment(self) -> dict[str, str]:
        """Environment variables that make any AWS tool talk to the embedded AWS and nothing else.

        To be laid over an environment without `AWS_*`: see `without_aws`.
        """
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            **environment(self.endpoint_url),
        }


def new_operator(endpoint_url: str) -> Operator:
    """With credentials that are of the form of AWS's, and made up."""
    return Operator(
        endpoint_url,
        access_key_id="AKIA" + base64.b32encode(secrets.token_bytes(10)).decode(),
        secret_access_key=secrets.token_urlsafe(30),
    )


def environment(endpoint_url: str) -> dict[str, str]:
    """Where the embedded AWS is, without credentials for it."""
    return {
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
