"""`configure` and `send`: what is stored is what deliveries are judged by."""

import base64
import json
from pathlib import Path

import boto3
import pytest

from local.standin.credentials import DEFAULT_CREDENTIALS
from local.standin.faults import Status
from tests.bolt_runs import WORKSPACE
from tests.integration.test_cli.conftest import BoltArchive
from tests.integration.test_session import serving
from tests.integration.world import SECRET, World

NEW = "whsec_" + base64.b64encode(b"n" * 24).decode()


def stored(name: str) -> dict[str, object]:
    text = boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    value: dict[str, object] = json.loads(text)
    return value


def put(name: str, value: object) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(value))


class TestConfigure:
    def test_asks_for_both(self, world: World, bolt_archive: BoltArchive) -> None:
        ended = bolt_archive("configure", stdin=f"{NEW}\nkey\nhush\n")
        assert ended.status == 0
        assert stored("webhook")["secrets"] == [NEW]
        assert stored("api")["default"] == {
            "api_key": "key",
            "api_secret": "hush",
            "workspaces": [WORKSPACE],
        }

    def test_an_empty_answer_keeps_what_is_stored(
        self, world: World, bolt_archive: BoltArchive
    ) -> None:
        before = stored("webhook"), stored("api")
        assert bolt_archive("configure", stdin="\n\n").status == 0
        assert (stored("webhook"), stored("api")) == before

    def test_a_token_needs_no_second_answer(self, world: World, bolt_archive: BoltArchive) -> None:
        bolt_archive("configure", "api", "--workspace", "w1", stdin="prdm_wsp_x\n")
        assert stored("api")["workspaces"] == {"w1": {"token": "prdm_wsp_x"}}

    def test_credentials_may_be_stored_for_several_workspaces(
        self, world: World, bolt_archive: BoltArchive
    ) -> None:
        each = ["--workspace", "w1", "--workspace", "w2"]
        bolt_archive("configure", "api", *each, stdin="prdm_cmp_x\n")
        token = {"token": "prdm_cmp_x"}
        assert stored("api")["workspaces"] == {"w1": token, "w2": token}

    def test_the_workspaces_of_the_default_can_be_named_without_typing_it_again(
        self, world: World, bolt_archive: BoltArchive
    ) -> None:
        put("api", {"default": {"token": "prdm_wsp_x"}})
        ended = bolt_archive("configure", "api", "--serves", "w1", "--serves", "w2", stdin="\n")
        assert ended.status == 0
        assert stored("api")["default"] == {"token": "prdm_wsp_x", "workspaces": ["w1", "w2"]}

    @pytest.mark.parametrize(
        ("secret", "named"),
        [
            ({"default": {"token": "prdm_wsp_x"}}, None),
            ({"default": {"token": "prdm_wsp_x", "workspaces": ["w1"]}}, ["w1"]),
            ({"workspaces": {}}, []),
        ],
    )
    def test_it_shows_whom_the_default_serves(
        self, world: World, bolt_archive: BoltArchive, secret: object, named: object
    ) -> None:
        put("api", secret)
        shown = bolt_archive("configure", "--show", "--json").json
        assert (shown["api_default"], shown["api_default_workspaces"]) == (named != [], named)

    def test_a_malformed_member_is_named_and_nothing_is_changed(
        self, world: World, bolt_archive: BoltArchive
    ) -> None:
        malformed = {"default": {"token": "prdm_wsp_x"}, "workspaces": {"w1": {"token": "hush"}}}
        put("api", malformed)
        ended = bolt_archive("configure", "api", stdin="key\nsecret\n")
        assert (ended.status, stored("api")) == (1, malformed)
        assert "workspaces" in ended.err
        assert "hush" not in ended.err

    def test_a_malformed_signing_secret_is_named_and_nothing_is_changed(
        self, world: World, bolt_archive: BoltArchive
    ) -> None:
        malformed = {"scheme": "standard-webhooks", "secrets": [SECRET, "hush"]}
        put("webhook", malformed)
        ended = bolt_archive("configure", "webhook", "--add", stdin=NEW)
        assert (ended.status, stored("webhook")) == (1, malformed)
        assert "secrets.1" in ended.err
        assert "hush" not in ended.err

    def test_a_signing_secret_may_speak_for_a_workspace_only(
        self, world: World, bolt_archive: BoltArchive
    ) -> None:
        ended = bolt_archive("configure", "webhook", "--add", "--workspace", "w1", stdin=NEW)
        assert stored("webhook")["secrets"] == [SECRET, {"secret": NEW, "workspaces": ["w1"]}]
        assert ": w1" in ended.out

    def test_rotation_keeps_both_until_the_old_one_is_removed(
        self, world: World, bolt_archive: BoltArchive
    ) -> None:
        [old] = bolt_archive("configure", "--show", "--json").json["signing_secrets"]
        bolt_archive("configure", "webhook", "--add", stdin=NEW)
        assert stored("webhook")["secrets"] == [SECRET, NEW]
        bolt_archive("configure", "webhook", "--remove", old)
        assert stored("webhook")["secrets"] == [NEW]

    def test_another_scheme(self, world: World, bolt_archive: BoltArchive) -> None:
        scheme = ["--scheme", "hmac-sha256", "--header", "x-signed", "--encoding", "hex"]
        ended = bolt_archive("configure", "webhook", *scheme, stdin="0123456789abcdef")
        assert ended.status == 0
        assert stored("webhook") == {
            "scheme": "hmac-sha256",
            "secrets": ["0123456789abcdef"],
            "header": "x-signed",
            "encoding": "hex",
        }

    @pytest.mark.parametrize(
        ("arguments", "typed"),
        [
            (["webhook"], "hush-hush"),
            (["webhook", "--add"], "whsec_hush"),
            (["api"], "hush hush\nhush\n"),
            (["api"], "prdm_wsp_hüsh"),
            (["api"], "hush\n"),
        ],
    )
    def test_what_is_malformed_changes_nothing_and_is_not_repeated(
        self, world: World, bolt_archive: BoltArchive, arguments: list[str], typed: str
    ) -> None:
        before = stored("webhook"), stored("api")
        ended = bolt_archive("configure", *arguments, stdin=typed)
        assert ended.status == 1
        assert "hush" not in ended.out + ended.err
        assert (stored("webhook"), stored("api")) == before

    @pytest.mark.parametrize("options", [["--show"], ["--show", "--json"], ["webhook", "--add"]])
    def test_no_secret_is_shown(
        self, world: World, bolt_archive: BoltArchive, options: list[str]
    ) -> None:
        ended = bolt_archive("configure", *options, stdin=NEW)
        shown = ended.out + ended.err
        secrets = [SECRET, NEW, str(world.standin.bolt)]
        assert [secret for secret in secrets if secret.removeprefix("whsec_") in shown] == []

    def test_credentials_that_paradime_refuses_are_not_stored(
        self, deployed_settings: None, recorded: World, bolt_archive: BoltArchive
    ) -> None:
        before = stored("api")
        ended = bolt_archive("configure", "api", "--workspace", WORKSPACE, stdin="wrong\nhush\n")
        assert (ended.status, stored("api")) == (1, before)
        assert f"refuses them for workspace {WORKSPACE}" in ended.err

    def test_without_a_check_they_are_stored(
        self, deployed_settings: None, recorded: World, bolt_archive: BoltArchive
    ) -> None:
        own = ["--workspace", WORKSPACE, "--no-check"]
        assert bolt_archive("configure", "api", *own, stdin="wrong\nhush\n").status == 0
        assert stored("api")["workspaces"] == {
            WORKSPACE: {"api_key": "wrong", "api_secret": "hush"}
        }

    def test_an_api_that_is_down_does_not_keep_credentials_from_being_stored(
        self, deployed_settings: None, recorded: World, bolt_archive: BoltArchive
    ) -> None:
        recorded.standin.faults.add(Status(status=503))
        good = f"{DEFAULT_CREDENTIALS.api_key}\n{DEFAULT_CREDENTIALS.api_secret}\n"
        ended = bolt_archive("configure", "api", "--workspace", WORKSPACE, stdin=good)
        assert ended.status == 0
        assert f"not tried for workspace {WORKSPACE}" in ended.err


class TestSend:
    def test_a_file_is_signed_and_delivered(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        (tmp_path / "run.json").write_bytes(world.payload())
        ended = bolt_archive("send", "run.json", "--json")
        assert ended.json == [
            {"file": "run.json", "status": "accepted", "run": "n0sg8br1m44k0ryj/63187"}
        ]
        assert world.record() is not None

    def test_it_is_signed_with_what_was_just_configured(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        (tmp_path / "run.json").write_bytes(world.payload())
        bolt_archive("send", "run.json")  # the secret is cached from here on
        bolt_archive("configure", "webhook", stdin=NEW)
        assert bolt_archive("send", "run.json").status == 0

    def test_of_several_secrets_one_that_speaks_for_the_workspace_signs(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        other, own = ({"secret": NEW, "workspaces": ["w1"]}, SECRET)
        put("webhook", {"scheme": "standard-webhooks", "secrets": [other, own]})
        (tmp_path / "run.json").write_bytes(world.payload())
        assert bolt_archive("send", "run.json").status == 0

    def test_another_api_address_is_written_into_it(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        (tmp_path / "run.json").write_bytes(world.payload())
        bolt_archive("send", "run.json", "--api-url", "https://api.paradime.io/other")
        record = world.record()
        assert record is not None
        assert record["api_url"] == "https://api.paradime.io/other"

    def test_what_was_delivered_before_a_failure_is_told(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        (tmp_path / "run.json").write_bytes(world.payload())
        (tmp_path / "large.json").write_bytes(b" " * (5 * 1024 * 1024))
        ended = bolt_archive("send", "run.json", "large.json", "--json")
        assert (ended.status, [one["file"] for one in ended.json]) == (1, ["run.json"])
        assert "413" in ended.err

    def test_a_quarantined_delivery_is_told(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        (tmp_path / "bad.json").write_bytes(b"{}")
        assert bolt_archive("send", "bad.json").out == "bad.json: quarantined\n"

    def test_an_address_that_does_not_answer(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        (tmp_path / "run.json").write_bytes(world.payload())
        ended = bolt_archive("send", "run.json", "--url", "http://127.0.0.1:1/")
        assert ended.status == 1
        assert "could not be reached" in ended.err

    def test_a_redirect_is_not_followed(
        self, world: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        (tmp_path / "run.json").write_bytes(world.payload())
        answer = b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        with serving(answer) as url:
            ended = bolt_archive("send", "run.json", "--url", url)
        assert ended.status == 1
        assert f"{url} answered 307" in ended.err

    def test_a_sample_is_sent_with_changes(self, world: World, bolt_archive: BoltArchive) -> None:
        changes = ["--set", "branch=fix", "--set", "id=70001", "--set", "schedule_name=nightly"]
        assert bolt_archive("send", "run_failed", *changes).status == 0
        [record] = bolt_archive("runs", "--json").json
        shown = (record["run_id"], record["schedule_name"], record["state"])
        assert shown == (70001, "nightly", "failed")
        assert bolt_archive("show", "70001", "--json").json["record"]["branch"] == "fix"

    @pytest.mark.parametrize("change", ["branch", "nothing.at.all=1"])
    def test_a_change_that_cannot_be_made_is_wrong_use(
        self, world: World, bolt_archive: BoltArchive, change: str
    ) -> None:
        assert bolt_archive("send", "run_failed", "--set", change).status == 2
        assert world.record() is None

    def test_loopback_is_reached_past_a_proxy(
        self,
        world: World,
        bolt_archive: BoltArchive,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        (tmp_path / "run.json").write_bytes(world.payload())
        assert bolt_archive("send", "run.json").status == 0
