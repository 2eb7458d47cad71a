"""No log line holds a secret: searched after all tests on the stack, and after what goes wrong.

`conftest.py` puts this last. Where things go wrong is where secrets escape into messages, so they
are made to: refused credentials, secrets that are not well-formed, links that break in every way.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.credentials import API_CREDENTIALS
from local.stack import LocalStack
from local.standin import Standin, load_runs
from local.standin.credentials import DEFAULT_CREDENTIALS
from local.standin.downloads import Links
from local.standin.faults import (
    AnyFault,
    Cut,
    ExpiredLink,
    GraphqlErrors,
    Html,
    Redirect,
    Status,
    WrongLength,
)
from tests.e2e.client import Client, eventually
from tests.e2e.leaks import leaks
from tests.e2e.payloads import PARADIME, payload, run_key
from tests.e2e.workers import kill_all

pytestmark = pytest.mark.e2e

# Parts of secrets that are made here: whatever is in a log of them is found by their mark.
MARK = "0penSesame"

# Each befalls a run of its own, and what the log then says of it.
FAULTS: list[tuple[list[AnyFault], str]] = [
    ([], "run archived"),
    ([Status(on="api:*", status=401, times=2)], "refused the credentials"),
    ([Status(on="api:*", status=403, times=2)], "refused the credentials"),
    ([Redirect(on="api:*", to=f"https://example.com/?key={MARK}", times=1)], "redirects"),
    ([Html(on="api:*", times=1)], "not JSON"),
    (
        [GraphqlErrors(message=f"no access for {DEFAULT_CREDENTIALS.api_secret}", times=1)],
        "no access for",
    ),
    ([Cut(on="download:*", after=10, times=1)], "broke off"),
    ([WrongLength(on="download:*", by=10, times=1)], "broke off"),
    ([Status(on="download:*", status=500, times=5)], "download"),
    ([ExpiredLink(times=2)], "run archived"),
]
FAULTS += [
    ([Redirect(on="download:*", to=to, times=1)], "run archived")
    for to in (
        f"http://example.com/file?X-Amz-Signature={MARK}",
        f"https://user:{MARK}@127.0.0.1/file?X-Amz-Signature={MARK}",
        f"https://[::1/file?X-Amz-Signature={MARK}",
        f"https://example.com:99999/file?X-Amz-Signature={MARK}",
        f"//{MARK}/file?X-Amz-Signature={MARK}",
        f"https://{MARK}.invalid/file?X-Amz-Signature={MARK}",
    )
]

WEBHOOK_SECRETS = [
    f'{{"scheme": "standard-webhooks", "secrets": ["whsec_{MARK}',
    json.dumps({"scheme": "standard-webhooks", "secrets": [f"whsec_{MARK}"]}),
    json.dumps({"scheme": "standard-webhooks", "secrets": [MARK]}),
    json.dumps({"scheme": "standard-webhooks", "secrets": [], "secret": MARK}),
    json.dumps({"scheme": MARK, "secrets": [MARK]}),
    json.dumps({"scheme": "token", "secrets": [f"{MARK}\n"], "header": MARK + " "}),
    json.dumps([MARK]),
]
API_SECRETS = [
    f'{{"default": {{"token": "prdm_wsp_{MARK}',
    json.dumps({"default": {"token": MARK}}),
    json.dumps({"default": {"token": f"prdm_wsp_{MARK}\n"}}),
    json.dumps({"default": {"api_key": MARK, "api_sekret": MARK}}),
    json.dumps({"default": {"api_key": MARK, "api_secret": ""}, "token": MARK}),
    json.dumps({"workspaces": {MARK: {"token": f"prdm_cmp_{MARK}"}}}),
    json.dumps(MARK),
    # Well-formed, and refused by the stand-in.
    json.dumps({"default": {"token": f"prdm_wsp_{MARK}"}}),
    json.dumps({"default": {"api_key": MARK, "api_secret": MARK}}),
]


@dataclass
class Scenes:
    """What goes wrong on one stack, and each secret that was used meanwhile."""

    stack: LocalStack
    client: Client
    used: set[str] = field(default_factory=set)

    def send(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        signed = self.client.signed_headers(body) if headers is None else headers
        self.used.update(signed["svix-signature"].split())
        return self.client.send(body, signed).status_code

    def refused_deliveries(self) -> None:
        right = self.client.signed_headers(b"{}")
        for changes in (
            {"svix-signature": self.client.signed_headers(b"[]")["svix-signature"]},
            {"svix-signature": f"v1,{MARK} v1a,{MARK}"},
            {"svix-timestamp": "1614265330"},
            {"svix-timestamp": MARK},
            {"svix-id": f"{MARK}\u00e9"},
            {"authorization": f"Bearer {MARK}", "svix-id": ""},
        ):
            assert self.send(b"{}", right | changes) == 401

    def unusable_webhook_secrets(self) -> None:
        for secret in WEBHOOK_SECRETS:
            with self._stored(self.client.outputs.webhook_secret_arn, secret, "Ingest"):
                assert self.send(b"{}") == 401

    def unusable_api_secrets(self, first_run_id: int) -> None:
        for run_id, secret in enumerate(API_SECRETS, start=first_run_id):
            with (
                Standin(load_runs(PARADIME)) as standin,
                self._stored(self.client.outputs.api_secret_arn, secret, "Fetch"),
            ):
                self.send(payload("run_completed_clone", standin.api_url, id=run_id))
                self._await(run_id, "archive_error")

    def faulty_paradime(self, first_run_id: int) -> None:
        with ExitStack() as entered:
            for run_id, (faults, _) in enumerate(FAULTS, start=first_run_id):
                standin = entered.enter_context(Standin(load_runs(PARADIME)))
                standin.faults.add(*faults)
                self.send(payload("run_completed", standin.api_url, id=run_id))
            for run_id, _ in enumerate(FAULTS, start=first_run_id):
                self._await(run_id, "archived_at")

    def bearer_tokens(self, first_run_id: int) -> None:
        tokens = DEFAULT_CREDENTIALS.workspace_token, DEFAULT_CREDENTIALS.company_token
        for run_id, token in enumerate(tokens, start=first_run_id):
            secret = json.dumps({"default": {"token": token}})
            with (
                Standin(load_runs(PARADIME)) as standin,
                self._stored(self.client.outputs.api_secret_arn, secret, "Fetch"),
            ):
                self.send(payload("run_completed_clone", standin.api_url, id=run_id))
                self._await(run_id, "archived_at")

    def _await(self, run_id: int, attribute: str) -> None:
        def is_there() -> bool:
            return self.client.record(run_key(run_id)).get(attribute) is not None

        eventually(is_there, f"run {run_id} has {attribute}", patience=120)

    @contextmanager
    def _stored(self, arn: str, secret: str, function: str) -> Iterator[None]:
        """With another secret stored, and no worker that remembers the former, before and after."""
        secrets = self.client.aws("secretsmanager")
        former = secrets.get_secret_value(SecretId=arn)["SecretString"]
        try:
            self._store(arn, secret, function)
            yield
        finally:
            self._store(arn, former, function)

    def _store(self, arn: str, secret: str, function: str) -> None:
        self.client.aws("secretsmanager").put_secret_value(SecretId=arn, SecretString=secret)
        kill_all(self.stack.state, function)


@dataclass(frozen=True)
class Searched:
    lines: list[str]
    records: list[str]
    lists: list[str]
    secrets: set[str]


@pytest.fixture(scope="module")
def searched(stack: LocalStack, client: Client) -> Searched:
    """All that is in the logs, the records and the archives' own lists once all went wrong."""
    scenes = Scenes(stack, client)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(Links, "path", noting_signatures(scenes.used))
        scenes.refused_deliveries()
        scenes.unusable_webhook_secrets()
        scenes.faulty_paradime(902_000)
        scenes.unusable_api_secrets(902_100)
        scenes.bearer_tokens(902_200)
    client.send(b"no more")  # a worker's last lines come with the next call
    signing = client.outputs.signing_secret
    return Searched(
        lines=list(client.log_lines()),
        records=[without_event(record) for record in client.records()],
        lists=[
            body.decode()
            for key, body in client.objects("runs/").items()
            if key.endswith(("/archive.json", "/failures.json"))
        ],
        secrets={MARK, signing, signing.removeprefix("whsec_"), *scenes.used},
    )


def noting_signatures(noted: set[str]) -> Any:
    path = Links.path

    def noting(*args: Any, **kwargs: Any) -> str:
        link = path(*args, **kwargs)
        noted.add(link.partition("X-Signature=")[2])
        return link

    return noting


def without_event(record: dict[str, Any]) -> str:
    return str({name: value for name, value in record.items() if name != "event_gz"})


def test_no_log_line_holds_a_secret(searched: Searched) -> None:
    assert list(leaks(searched.lines, searched.secrets)) == []


def test_no_record_holds_a_secret(searched: Searched) -> None:
    assert list(leaks(searched.records, searched.secrets)) == []


def test_no_inventory_holds_a_secret(searched: Searched) -> None:
    assert list(leaks(searched.lists, searched.secrets)) == []


@pytest.mark.parametrize(
    "said",
    sorted(
        {said for _, said in FAULTS}
        | {
            "no signature matches",
            "timestamp malformed",
            "no usable webhook secret is configured",
            "the API secret",
        }
    ),
)
def test_what_went_wrong_was_logged(searched: Searched, said: str) -> None:
    assert any(said in line for line in searched.lines)


def test_every_signature_that_was_used_is_searched_for(searched: Searched) -> None:
    """Of each delivery here, and of a link for every file of every run that was fetched."""
    assert len(searched.secrets) > len(FAULTS) + len(WEBHOOK_SECRETS) + len(API_SECRETS)


@pytest.mark.parametrize(
    "line",
    [
        "the secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        '{"svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}',
        "token prdm_cmp_x",
        "Authorization: Bearer x",
        "GET /download/7/manifest.json?X-Expires=1&X-Signature=0",
        "https://bucket.s3.amazonaws.com/file?X-Amz-Signature=0",
        DEFAULT_CREDENTIALS.api_key,
        f"{json.dumps(API_CREDENTIALS)}",
        "one that is known",
    ],
)
def test_the_search_finds(line: str) -> None:
    assert list(leaks(["before", line, "after"], ["that is known"])) == [line]


def test_the_search_finds_nothing_in_ordinary_lines() -> None:
    lines = ['{"message": "delivery refused", "reason": "no signature matches"}', "START", ""]
    assert list(leaks(lines, ["that is known"])) == []
