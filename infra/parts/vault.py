"""The secrets that the operator fills in after the first deployment."""

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.base.nag import acknowledge


class Vault(Construct):
    """Two secrets, closed as they are deployed: no delivery verifies, no API call is signed.

    CloudFormation writes a secret's value again only when the value in the template changes, so
    that a later deployment leaves what the operator stored. Never change the values below.
    """

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey | None) -> None:
        super().__init__(scope, id)
        self._key = key
        self.webhook_arn = self._secret(
            "Webhook",
            "How Paradime's webhook deliveries are signed",
            {"scheme": "standard-webhooks", "secrets": []},
        )
        self.api_arn = self._secret(
            "Api", "Credentials for Paradime's API, by workspace", {"workspaces": {}}
        )

    def _secret(self, name: str, description: str, initial: dict[str, Any]) -> str:
        secret = secretsmanager.Secret(
            self,
            name,
            description=description,
            encryption_key=self._key,
            # Plain text in the template is right here: it holds nothing secret yet.
            secret_string_value=cdk.SecretValue.unsafe_plain_text(json.dumps(initial)),
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "Paradime issues the value: it is rotated there and then stored here.",
        )
        # The attribute Id is the ARN, as Ref is; the embedded AWS answers Ref with the name.
        cfn_secret = secret.node.default_child
        assert isinstance(cfn_secret, secretsmanager.CfnSecret)
        return cfn_secret.attr_id
