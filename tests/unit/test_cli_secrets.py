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

    @pytest.mark.parametrize("stored", [FRESH, "", "{}", '{"secrets": 1}'])
    def test_the_first_one_is_stored(self, stored: str) -> None:
        assert secrets_of(webhook_secret.replaced(stored, NEW)) == [NEW]

    @pytest.mark.parametrize("stored", ["not JSON", "[]", '{"secrets": ["whs'])
    def test_what_is_no_object_is_not_overwritten(self, stored: str) -> None:
        with pytest.raises(SecretFormError, match="nothing was changed: the webhook secret"):
            webhook_secret.replaced(stored, NEW)

    @pytest.mark.parametrize("stored", ["not JSON", webhook("hush")])
    def test_with_a_scheme_the_whole_is_replaced(self, stored: str) -> None:
        scheme = {"scheme": "standard-webhooks"}
        assert stored
        assert secrets_of(webhook_secret.with_scheme(scheme, NEW)) == [NEW]

    @pytest.mark.parametrize(
        ("secrets", "where"), [([OLD, "hush"], "secrets.1"), ("hush", "secrets: expected a list")]
    )
    def test_one_is_not_added_to_what_is_malformed(self, secrets: object, where: str) -> None:
        stored = json.dumps({"scheme": "standard-webhooks", "secrets": secrets})
        with pytest.raises(SecretFormError, match=f"nothing was changed: .*{where}") as raised:
            webhook_secret.added(stored, NEW)
        assert "hush" not in str(raised.value)

    def test_a_malformed_header_is_named_and_not_lost(self) -> None:
        stored = webhook("sixteen letters!", scheme="token", header="no header")
        with pytest.raises(SecretFormError, match="not stored: header"):
            webhook_secret.replaced(stored, "other 16 letters")

    def test_one_may_speak_for_some_workspaces_only(self) -> None:
        stored = webhook_secret.added(webhook(OLD), NEW, ["b", "a", "b"])
        assert json.loads(stored)["secrets"] == [OLD, {"secret": NEW, "workspaces": ["a", "b"]}]
        assert webhook_secret.fingerprints(stored) == {
            webhook_secret.fingerprint(OLD): None,
            webhook_secret.fingerprint(NEW): ["a", "b"],
        }

    def test_added_again_it_speaks_for_those_that_are_named_now(self) -> None:
        stored = webhook_secret.added(webhook(OLD), NEW, ["a"])
        assert secrets_of(webhook_secret.added(stored, NEW)) == [OLD, NEW]

    def test_one_that_speaks_for_some_is_removed_by_its_fingerprint(self) -> None:
        stored = webhook_secret.added(webhook(OLD), NEW, ["a"])
        assert secrets_of(webhook_secret.removed(stored, webhook_secret.fingerprint(NEW))) == [OLD]

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


PAIR = {"api_key": "key", "api_secret": "secret"}
TOKEN = {"token": "prdm_wsp_x"}
EMPTY = '{"workspaces": {}}'


def api(**members: object) -> str:
    return json.dumps(members)


def token_for(uid: str, stored: str) -> object:
    """The headers with which a workspace's API is asked; a default without a list serves nobody."""
    credentials = parse_api_secret(stored).credentials(uid, lambda _: False)
    return credentials.headers(uid) if credentials else None


class TestApiSecret:
    def test_default_credentials_may_name_no_workspace(self) -> None:
        assert json.loads(api_secret.with_default(EMPTY, PAIR, None))["default"] == PAIR

    def test_default_credentials_serve_the_workspaces_that_are_named(self) -> None:
        stored = api_secret.with_default(EMPTY, TOKEN, ["b", "a"])
        assert [token_for(uid, stored) is not None for uid in ("a", "b", "c")] == [1, 1, 0]

    def test_new_default_credentials_serve_the_same_workspaces(self) -> None:
        stored = api_secret.with_default(api(default=TOKEN | {"workspaces": ["a"]}), PAIR, None)
        assert json.loads(stored)["default"] == PAIR | {"workspaces": ["a"]}

    def test_workspaces_can_be_named_without_typing_the_credentials_again(self) -> None:
        stored = api_secret.with_default(api(default=PAIR), None, ["a"])
        assert json.loads(stored)["default"] == PAIR | {"workspaces": ["a"]}

    def test_without_any_default_credentials_have_to_be_typed(self) -> None:
        with pytest.raises(SecretFormError, match="no default credentials"):
            api_secret.with_default(EMPTY, None, ["a"])

    def test_a_workspace_may_have_its_own(self) -> None:
        stored = api_secret.with_own(api(default=PAIR), "w1", TOKEN)
        assert token_for("w1", stored) == {"Authorization": "Bearer prdm_wsp_x"}
        assert json.loads(stored)["default"] == PAIR

    def test_new_credentials_keep_the_address_that_a_workspace_has(self) -> None:
        own = PAIR | {"api_url": "https://api.paradime.io/x"}
        stored = api_secret.with_own(api(workspaces={"w1": own}), "w1", TOKEN)
        assert parse_api_secret(stored).api_urls == {"w1": "https://api.paradime.io/x"}

    def test_removing_a_workspaces_own_leaves_the_default(self) -> None:
        stored = api(default=PAIR | {"workspaces": ["w1"]}, workspaces={"w1": TOKEN})
        removed = api_secret.removed(stored, "w1")
        assert token_for("w1", removed) == {"X-API-KEY": "key", "X-API-SECRET": "secret"}

    def test_a_workspace_without_its_own_is_removed_from_the_default(self) -> None:
        stored = api(default=PAIR | {"workspaces": ["a", "b"]})
        removed = json.loads(api_secret.removed(stored, "a"))
        assert removed["default"] == PAIR | {"workspaces": ["b"]}

    def test_a_default_that_would_serve_nobody_is_removed(self) -> None:
        stored = api(default=PAIR | {"workspaces": ["a"]}, workspaces={"w1": TOKEN})
        assert json.loads(api_secret.removed(stored, "a")) == {"workspaces": {"w1": TOKEN}}

    def test_a_workspace_that_nothing_names_is_answered_with_those_that_are(self) -> None:
        with pytest.raises(SecretFormError, match="w2, only for: w1"):
            api_secret.removed(api(default=PAIR | {"workspaces": ["w1"]}), "w2")

    @pytest.mark.parametrize(
        "credentials",
        [
            {"token": "prdm_xyz_hush"},
            {"api_key": "hush hush", "api_secret": "hush"},
            {"api_key": "hush", "api_secret": ""},
            {"api_key": "h\u00fcsh", "api_secret": "hush"},
        ],
    )
    def test_what_is_no_credentials_is_refused_without_being_quoted(
        self, credentials: dict[str, str]
    ) -> None:
        with pytest.raises(SecretFormError) as raised:
            api_secret.with_default("{}", credentials, None)
        assert "hush" not in str(raised.value)

    def test_a_uid_that_is_none_is_refused(self) -> None:
        with pytest.raises(SecretFormError, match="a workspace uid has only"):
            api_secret.with_default(EMPTY, PAIR, ["not a uid"])


class TestMalformedApiSecret:
    """A change keeps what it does not change, or is refused."""

    @pytest.mark.parametrize("stored", ["not JSON", '{"default": {"api_k', '["hush"]'])
    def test_what_is_no_object_is_not_overwritten(self, stored: str) -> None:
        with pytest.raises(SecretFormError, match="nothing was changed: the API secret") as raised:
            api_secret.with_default(stored, PAIR, None)
        assert "hush" not in str(raised.value)

    @pytest.mark.parametrize("stored", ["", " "])
    def test_a_blank_one_is_filled(self, stored: str) -> None:
        assert json.loads(api_secret.with_default(stored, PAIR, None)) == {"default": PAIR}

    @pytest.mark.parametrize(
        ("stored", "where"),
        [
            (api(workspaces={"w1": {"token": "hush"}, "w2": TOKEN}), "workspaces"),
            (api(workspaces="hush"), "workspaces"),
            (api(workspaces={}, hush="hush"), "a member besides default and workspaces"),
            (api(default=TOKEN | {"workspaces": "hush"}), "default"),
        ],
    )
    def test_default_credentials_do_not_replace_what_is_malformed_beside_them(
        self, stored: str, where: str
    ) -> None:
        with pytest.raises(SecretFormError, match=f"nothing was changed: .*{where}") as raised:
            api_secret.with_default(stored, PAIR, None)
        assert "hush" not in str(raised.value)

    @pytest.mark.parametrize(
        ("stored", "where"),
        [
            (api(default="hush"), "default"),
            (api(workspaces={"w2": {"token": "hush"}}), "workspaces"),
            (api(workspaces="hush"), "workspaces"),
        ],
    )
    def test_a_workspaces_own_do_not_either(self, stored: str, where: str) -> None:
        with pytest.raises(SecretFormError, match=f"nothing was changed: .*{where}") as raised:
            api_secret.with_own(stored, "w1", TOKEN)
        assert "hush" not in str(raised.value)

    def test_a_malformed_default_is_mended_by_storing_it_again(self) -> None:
        stored = api(default="hush", workspaces={"w1": TOKEN})
        assert json.loads(api_secret.with_default(stored, PAIR, None)) == {
            "default": PAIR,
            "workspaces": {"w1": TOKEN},
        }

    def test_a_malformed_workspace_is_mended_by_storing_it_again(self) -> None:
        stored = api(default=PAIR, workspaces={"w1": "hush", "w2": TOKEN})
        assert json.loads(api_secret.with_own(stored, "w1", TOKEN)) == {
            "default": PAIR,
            "workspaces": {"w1": TOKEN, "w2": TOKEN},
        }

    def test_a_malformed_workspace_can_be_removed(self) -> None:
        stored = api(workspaces={"w1": "hush", "w2": TOKEN})
        assert json.loads(api_secret.removed(stored, "w1")) == {"workspaces": {"w2": TOKEN}}
