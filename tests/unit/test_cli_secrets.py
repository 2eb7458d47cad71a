"""What `configure` does to the stored secrets."""

import base64
import json
from typing import Any, get_args

import pytest

from cli.commands.set_up.configure import Scheme
from cli.secrets import api_secret, webhook_secret
from cli.terminal.errors import SecretFormError
from functions.ingest.signature import (
    HmacSha256,
    StandardWebhooks,
    WebhookSecret,
    parse_secret,
)
from functions.paradime.credentials import parse_api_secret

FRESH = '{"scheme": "standard-webhooks", "secrets": []}'
OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 24).decode()


def webhook(*secrets: str, **scheme: str) -> str:
    return json.dumps({"scheme": "standard-webhooks"} | scheme | {"secrets": secrets})


def secrets_of(text: str) -> list[str]:
    parse_secret(text)
    value: dict[str, Any] = json.loads(text)
    return list(value["secrets"])


class TestWebhookSecret:
    def test_every_scheme_can_be_named(self) -> None:
        assert list(map(str, Scheme)) == [model.scheme for model in get_args(WebhookSecret)]

    @pytest.mark.parametrize("stored", [FRESH, "", "not JSON", "[]", '{"secrets": 1}'])
    def test_the_first_one_is_stored_whatever_was_there(self, stored: str) -> None:
        assert secrets_of(webhook_secret.replaced(stored, NEW)) == [NEW]

    def test_another_takes_the_place_of_all(self) -> None:
        assert secrets_of(webhook_secret.replaced(webhook(OLD), NEW)) == [NEW]

    def test_an_added_one_leaves_the_old_one_valid(self) -> None:
        assert secrets_of(webhook_secret.added(webhook(OLD), NEW)) == [OLD, NEW]

    def test_adding_one_that_is_there_changes_nothing(self) -> None:
        assert secrets_of(webhook_secret.added(webhook(NEW), NEW)) == [NEW]

    def test_the_one_with_the_fingerprint_is_removed(self) -> None:
        fingerprint = webhook_secret.fingerprint(OLD)
        assert secrets_of(webhook_secret.removed(webhook(OLD, NEW), fingerprint)) == [NEW]

    def test_the_only_one_is_not_removed(self) -> None:
        with pytest.raises(SecretFormError, match="only signing secret"):
            webhook_secret.removed(webhook(OLD), webhook_secret.fingerprint(OLD))

    def test_an_unknown_fingerprint_is_answered_with_those_there_are(self) -> None:
        with pytest.raises(SecretFormError, match=webhook_secret.fingerprint(OLD)):
            webhook_secret.removed(webhook(OLD), "00000000")

    def test_a_fingerprint_is_no_part_of_its_secret(self) -> None:
        assert webhook_secret.fingerprint(OLD) not in OLD

    @pytest.mark.parametrize("typed", ["x" * 40, "whsec_", "whsec_c2hvcnQ=", "whsec_?" + "a" * 40])
    def test_what_is_no_signing_secret_is_refused_without_being_quoted(self, typed: str) -> None:
        with pytest.raises(SecretFormError) as raised:
            webhook_secret.replaced(FRESH, typed)
        assert typed.removeprefix("whsec_") not in str(raised.value).split() or typed == "whsec_"

    def test_another_scheme_has_its_own_form(self) -> None:
        scheme = {"scheme": "hmac-sha256", "header": "X-Signature", "encoding": "hex"}
        parsed = parse_secret(webhook_secret.with_scheme(scheme, "sixteen letters!"))
        assert isinstance(parsed, HmacSha256)
        assert parsed.header == "x-signature"

    def test_a_scheme_that_lacks_a_field_is_refused(self) -> None:
        with pytest.raises(SecretFormError, match="header"):
            webhook_secret.with_scheme({"scheme": "token"}, "sixteen letters!")

    def test_a_new_secret_keeps_the_scheme(self) -> None:
        stored = webhook("sixteen letters!", scheme="token", header="x-token")
        parsed = parse_secret(webhook_secret.replaced(stored, "other 16 letters"))
        assert not isinstance(parsed, StandardWebhooks)
        assert parsed.header == "x-token"


class TestApiSecret:
    PAIR = {"api_key": "key", "api_secret": "secret"}  # noqa: RUF012

    def test_default_credentials_serve_all_workspaces(self) -> None:
        stored = api_secret.added('{"workspaces": {}}', None, self.PAIR)
        assert parse_api_secret(stored).headers("any")["X-API-KEY"] == "key"

    def test_a_workspace_may_have_its_own(self) -> None:
        stored = api_secret.added('{"workspaces": {}}', None, self.PAIR)
        stored = api_secret.added(stored, "w1", {"token": "prdm_wsp_x"})
        parsed = parse_api_secret(stored)
        assert parsed.headers("w1") == {"Authorization": "Bearer prdm_wsp_x"}
        assert parsed.headers("w2")["X-API-KEY"] == "key"

    def test_new_credentials_keep_the_address_that_a_workspace_has(self) -> None:
        own = self.PAIR | {"api_url": "https://api.paradime.io/x"}
        stored = api_secret.added(
            json.dumps({"workspaces": {"w1": own}}), "w1", {"token": "prdm_wsp_x"}
        )
        assert parse_api_secret(stored).api_urls == {"w1": "https://api.paradime.io/x"}

    def test_removing_a_workspaces_own_leaves_the_default(self) -> None:
        stored = json.dumps({"default": self.PAIR, "workspaces": {"w1": {"token": "prdm_wsp_x"}}})
        assert (
            parse_api_secret(api_secret.removed(stored, "w1")).headers("w1")["X-API-KEY"] == "key"
        )

    def test_a_workspace_without_its_own_is_refused(self) -> None:
        with pytest.raises(SecretFormError, match="w2"):
            api_secret.removed(json.dumps({"default": self.PAIR}), "w2")

    @pytest.mark.parametrize(
        "credentials",
        [
            {"token": "prdm_xyz_hush"},
            {"api_key": "hush hush", "api_secret": "hush"},
            {"api_key": "hush", "api_secret": ""},
            {"api_key": "hüsh", "api_secret": "hush"},
        ],
    )
    def test_what_is_no_credentials_is_refused_without_being_quoted(
        self, credentials: dict[str, str]
    ) -> None:
        with pytest.raises(SecretFormError) as raised:
            api_secret.added("{}", None, credentials)
        assert "hush" not in str(raised.value)

    @pytest.mark.parametrize("stored", ["", "not JSON", '{"default": "x"}'])
    def test_malformed_content_is_replaced(self, stored: str) -> None:
        new = api_secret.added(stored, None, self.PAIR)
        assert parse_api_secret(new).headers("w")["X-API-SECRET"] == "secret"
