"""The API secret: what is wrong with it is said without anything of it."""

import json

import pytest

from functions.paradime.credentials import parse_api_secret
from functions.shared.errors import CredentialsMissingError

KEY = "0penSesame"

MALFORMED = {
    "cut off": (f'{{"default": {{"token": "prdm_wsp_{KEY}', "it"),
    "a key in place of an object": (json.dumps(KEY), "it"),
    "no kind of credentials": (json.dumps({"default": {"api_key": KEY}}), "default"),
    "a key for a member's name": (
        json.dumps({KEY: KEY}),
        "a member beside default and workspaces",
    ),
    "a key for the name of a member in default": (json.dumps({"default": {KEY: KEY}}), "default"),
    "a key for a workspace's uid": (json.dumps({"workspaces": {KEY: KEY}}), "workspaces"),
}


@pytest.mark.parametrize(("secret", "where"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_secret_is_told_without_what_is_in_it(secret: str, where: str) -> None:
    with pytest.raises(CredentialsMissingError) as error:
        parse_api_secret(secret)
    assert str(error.value) == f"the API secret is malformed; wrong in: {where}"
