"""What the local stack stores in its two secrets leaves what is there."""

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from functions.paradime.credentials import parse_api_secret
from local.stack.credentials import API_CREDENTIALS, signing_secret, store_api_credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

OWN = {"w1": {"token": "prdm_wsp_stored-by-the-operator"}}


class Vault:
    """Secrets Manager with one secret."""

    def __init__(self, stored: object) -> None:
        self.text = json.dumps(stored)

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        return {"SecretString": self.text}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803 - likewise
        self.text = SecretString


def with_api_credentials(stored: object) -> Any:
    vault = Vault(stored)
    store_api_credentials(cast("SecretsManagerClient", vault), "arn")
    return json.loads(vault.text)


def test_the_stand_ins_credentials_are_those_of_its_workspace() -> None:
    stored = with_api_credentials({"workspaces": {}})
    assert parse_api_secret(json.dumps(stored)).default_workspaces == frozenset(
        {"n0sg8br1m44k0ryj"}
    )


def test_they_leave_those_of_other_workspaces() -> None:
    assert with_api_credentials({"workspaces": OWN}) == API_CREDENTIALS | {"workspaces": OWN}


def test_they_do_not_replace_a_default() -> None:
    default = {"token": "prdm_wsp_stored-by-the-operator"}
    assert with_api_credentials({"default": default}) == {"default": default}


@pytest.mark.parametrize("entry", ["whsec_x", {"secret": "whsec_x", "workspaces": ["w1"]}])
def test_the_first_signing_secret_is_told_whatever_its_form(entry: object) -> None:
    vault = Vault({"scheme": "standard-webhooks", "secrets": [entry, "whsec_y"]})
    assert signing_secret(cast("SecretsManagerClient", vault), "arn") == "whsec_x"
