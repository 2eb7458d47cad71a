"""The secrets of a local stack: a generated signing secret, and the stand-in's credentials."""

import base64
import json
import secrets
from typing import Any

from mypy_boto3_secretsmanager import SecretsManagerClient

from local.standin.credentials import DEFAULT_CREDENTIALS

API_CREDENTIALS = {
    "default": {
        "api_key": DEFAULT_CREDENTIALS.api_key,
        "api_secret": DEFAULT_CREDENTIALS.api_secret,
        "workspaces": [DEFAULT_CREDENTIALS.workspace_uid],
    }
}


def signing_secret(client: SecretsManagerClient, secret_arn: str) -> str:
    """The first signing secret; generated and stored if there is none yet."""
    stored = _read(client, secret_arn)
    if not stored["secrets"]:
        made = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        stored = {"scheme": "standard-webhooks", "secrets": [made]}
        client.put_secret_value(SecretId=secret_arn, SecretString=json.dumps(stored))
    first = stored["secrets"][0]
    return str(first["secret"] if isinstance(first, dict) else first)


def store_api_credentials(client: SecretsManagerClient, secret_arn: str) -> None:
    """Adds the stand-in's credentials unless a default is already there."""
    stored = _read(client, secret_arn)
    if "default" not in stored:
        both = json.dumps(stored | API_CREDENTIALS)
        client.put_secret_value(SecretId=secret_arn, SecretString=both)


def _read(client: SecretsManagerClient, secret_arn: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(client.get_secret_value(SecretId=secret_arn)["SecretString"])
    return value
