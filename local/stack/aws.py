"""Credentials and sessions for the embedded AWS, isolated from the user's AWS configuration."""

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
    """A user who may do everything on the embedded AWS at `endpoint_url`."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    def session(self) -> boto3.Session:
        """Pass the `endpoint_url` to each client."""
        return isolated_session(self.access_key_id, self.secret_access_key, REGION)

    def environment(self) -> dict[str, str]:
        """Environment variables that point any AWS tool at the embedded AWS and nothing else.

        Merge them into an environment without `AWS_*`: see `without_aws`.
        """
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            **environment(self.endpoint_url),
        }


def new_operator(endpoint_url: str) -> Operator:
    """Has random credentials in the form of AWS's."""
    return Operator(
        endpoint_url,
        access_key_id="AKIA" + base64.b32encode(secrets.token_bytes(10)).decode(),
        secret_access_key=secrets.token_urlsafe(30),
    )


def environment(endpoint_url: str) -> dict[str, str]:
    """The address of the embedded AWS, without credentials for it."""
    return {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ENDPOINT_URL_S3": endpoint_url,
        **_NOTHING_OF_THE_USER,
    }


def without_aws() -> dict[str, str]:
    """This process's environment minus everything that AWS tools and the CDK read."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CDK_"))}
    return {**kept, **_NOTHING_OF_THE_USER}


_NOTHING_OF_THE_USER = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
