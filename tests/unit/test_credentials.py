"""The API secret: what is wrong with it is said without anything of it."""

import json

import pytest

from functions.paradime.credentials import ApiSecret, BearerToken, parse_api_secret
from functions.shared.errors import CredentialsMissingError

KEY = "0penSesame"

MALFORMED = {
    "cut off": (f'{{"default": {{"token": "prdm_wsp_{KEY}', "it"),
    "a key in place of an object": (json.dumps(KEY), "it"),
    "no kind of credentials": (json.dumps({"default": {"api_key": KEY}}), "default"),
    "a key for a member's name": (
        json.dumps({KEY: KEY}),
        "a member besides default and workspaces",
    ),
    "a key for the name of a member in default": (json.dumps({"default": {KEY: KEY}}), "default"),
    "a key in place of the default's workspaces": (
        json.dumps({"default": {"token": "prdm_wsp_x", "workspaces": KEY}}),
        "default",
    ),
    "a default that names no workspace": (
        json.dumps({"default": {"token": "prdm_wsp_x", "workspaces": []}}),
        "default",
    ),
    "a key for a workspace's uid": (json.dumps({"workspaces": {KEY: KEY}}), "workspaces"),
}


@pytest.mark.parametrize(("secret", "where"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_secret_is_told_without_what_is_in_it(secret: str, where: str) -> None:
    with pytest.raises(CredentialsMissingError) as error:
        parse_api_secret(secret)
    assert str(error.value) == f"the API secret is malformed; wrong in: {where}"


DEFAULT, OWN = {"token": "prdm_wsp_default"}, {"token": "prdm_wsp_own"}


def token_for(uid: str, secret: ApiSecret, *, served: str = "nobody") -> str | None:
    """`served` is the workspace that a default without a list serves."""
    credentials = secret.credentials(uid, lambda asked: asked == served)
    assert credentials is None or isinstance(credentials, BearerToken)
    return credentials.token if credentials else None


def secret(**members: object) -> ApiSecret:
    return parse_api_secret(json.dumps(members))


def test_a_default_serves_the_workspaces_that_it_names() -> None:
    named = secret(default=DEFAULT | {"workspaces": ["a", "b"]})
    assert [token_for(uid, named) for uid in "ab"] == ["prdm_wsp_default"] * 2


def test_a_default_that_names_workspaces_serves_no_other() -> None:
    named = secret(default=DEFAULT | {"workspaces": ["a"]})
    assert token_for("invented", named, served="invented") is None


def test_a_default_without_a_list_serves_the_workspace_that_the_table_says() -> None:
    unnamed = secret(default=DEFAULT)
    assert token_for("a", unnamed, served="a") == "prdm_wsp_default"
    assert token_for("invented", unnamed, served="a") is None


def test_a_workspaces_own_credentials_come_before_the_default_ones() -> None:
    both = secret(default=DEFAULT | {"workspaces": ["a"]}, workspaces={"a": OWN})
    assert token_for("a", both) == "prdm_wsp_own"


def test_an_address_beside_credentials_changes_no_header() -> None:
    beside = {"api_key": "k", "api_secret": "s", "api_url": "https://given"}
    credentials = secret(workspaces={"a": beside}).credentials("a", lambda _: False)
    assert credentials is not None
    assert credentials.headers("a") == {"X-API-KEY": "k", "X-API-SECRET": "s"}
