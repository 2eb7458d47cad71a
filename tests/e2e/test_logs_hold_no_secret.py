"""No log line holds a secret: neither of what went wrong here, nor of all other tests on a stack.

`conftest.py` puts this last on the stack that they share. Where things go wrong is where secrets
escape into messages, so they are made to: refused credentials, secrets that are not well-formed,
links that break in every way.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.stack.credentials import API_CREDENTIALS
from local.stack.stack import LocalStack
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
from tests.e2e.payloads import PARADIME, WORKSPACE, payload, run_key
from tests.e2e.workers import kill_all

pytestmark = pytest.mark.e2e

# Parts of secrets that are made here: whatever is in a log of them is found by their mark.
MARK = "0penSesame"
FIRST_RUN_ID = 902_000

# Each befalls a run of its own, and what the log then says of it.
FAULTS: list[tuple[list[AnyFault], str]] = [
    ([], "run archived"),
    ([Status(on="api:*", status=401, times=2)], "refused the credentials"),
    ([Status(on="api:*", status=403, times=2)], "refused the credentials"),
    ([Redirect(on="api:*", to=f"https://example.com/?key={MARK}", times=1)], "redirect ("),
    ([Html(on="api:*", times=1)], "not JSON"),
    (
        [GraphqlErrors(message=f"no access for {DEFAULT_CREDENTIALS.api_secret}", times=1)],
        "no access for",
    ),
    ([Cut(on="download:*", after=10, times=1)], "was interrupted"),
    ([WrongLength(on="download:*", by=10, times=1)], "was interrupted"),
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

UNUSABLE_WEBHOOK_SECRET = json.dumps({"scheme": "token", "secret": MARK, "secrets": [MARK]})
UNUSABLE_API_SECRETS = [
    json.dumps({"default": {"token": MARK, "api_key": MARK}}),
    # well-formed, and refused
    json.dumps({"default": {"token": f"prdm_wsp_{MARK}", "workspaces": [WORKSPACE]}}),
]
TOKENS = [DEFAULT_CREDENTIALS.workspace_token, DEFAULT_CREDENTIALS.company_token]


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
            {"svix-id": "msg_\u00e9"},
            {"authorization": f"Bearer {MARK}", "svix-id": ""},
        ):
            assert self.send(b"{}", right | changes) == 401

    def unusable_webhook_secret(self) -> None:
        with self._restored(self.client.outputs.webhook_secret_arn, "Ingest") as store:
            store(UNUSABLE_WEBHOOK_SECRET)
            assert self.send(b"{}") == 401

    def other_api_secrets(self, run_id: int) -> None:
        """What cannot be used, and then a token of each kind."""
        arn = self.client.outputs.api_secret_arn
        with (
            Standin(load_runs(PARADIME)) as standin,
            self._restored(arn, "Fetch") as store,
        ):
            for secret in UNUSABLE_API_SECRETS:
                store(secret)
                self.send(payload("run_completed_clone", standin.api_url, id=run_id))
                self._await_line(run_id, "run will be retried")
                run_id += 1
            for token in TOKENS:
                store(json.dumps({"workspaces": {WORKSPACE: {"token": token}}}))
                self.send(payload("run_completed_clone", standin.api_url, id=run_id))
                self._await(run_id, "archived_at")
                run_id += 1

    def faulty_paradime(self, first_run_id: int) -> None:
        with ExitStack() as entered:
            for run_id, (faults, _) in enumerate(FAULTS, start=first_run_id):
                standin = entered.enter_context(Standin(load_runs(PARADIME)))
                standin.faults.add(*faults)
                self.send(payload("run_completed", standin.api_url, id=run_id))
            for run_id, _ in enumerate(FAULTS, start=first_run_id):
                self._await(run_id, "archived_at")

    def _await(self, run_id: int, attribute: str) -> None:
        def is_there() -> bool:
            return self.client.record(run_key(run_id)).get(attribute) is not None

        eventually(is_there, f"run {run_id} has {attribute}")

    def _await_line(self, run_id: int, said: str) -> None:
        eventually(
            lambda: self.client.matching_lines("FetchLogs", said, run_key(run_id)) > 0,
            f"{said!r} is logged of run {run_id}",
        )

    @contextmanager
    def _restored(self, arn: str, function: str) -> Iterator[Callable[[str], None]]:
        """Gives what stores another secret, and leaves no worker that remembers the former."""
        secrets = self.client.aws("secretsmanager")
        former = secrets.get_secret_value(SecretId=arn)["SecretString"]

        def store(secret: str) -> None:
            secrets.put_secret_value(SecretId=arn, SecretString=secret)
            kill_all(self.stack.state, function)

        try:
            yield store
        finally:
            store(former)


@dataclass(frozen=True)
class Searched:
    """`lists` by their keys."""

    lines: list[str]
    records: list[str]
    lists: dict[str, str]
    secrets: set[str]


@pytest.fixture(scope="module")
def searched(stack: LocalStack, client: Client) -> Searched:
    """All that is in the logs, the records and the archives' own lists once all went wrong."""
    scenes = Scenes(stack, client)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(Links, "path", noting_signatures(scenes.used))
        scenes.refused_deliveries()
        scenes.unusable_webhook_secret()
        scenes.faulty_paradime(FIRST_RUN_ID)
        scenes.other_api_secrets(FIRST_RUN_ID + 100)
    client.send(b"no more")  # a worker's last lines come with the next call
    return Searched(
        lines=list(client.log_lines()),
        records=[without_event(record) for record in client.records()],
        lists={
            key: client.object(key).decode()
            for key in client.keys("runs/")
            if key.endswith(("/archive.json", "/failures.json"))
        },
        secrets={
            MARK,
            client.outputs.signing_secret.removeprefix("whsec_"),
            client.outputs.secret_access_key,
            *scenes.used,
        },
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


def test_no_log_line_holds_a_secret(searched: Searched, figure: Callable[[str], None]) -> None:
    found = list(leaks(searched.lines, searched.secrets))
    figure(f"secrets: {len(searched.lines):,} log lines searched, {len(found)} hold one")
    assert found == []


def test_no_record_holds_a_secret(searched: Searched) -> None:
    assert list(leaks(searched.records, searched.secrets)) == []


def test_no_inventory_holds_a_secret(searched: Searched) -> None:
    assert list(leaks(searched.lists.values(), searched.secrets)) == []


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
    """One at the least for every file that came over a link here."""
    lists = [listed for key, listed in searched.lists.items() if f"/{FIRST_RUN_ID // 1000}" in key]
    files = [file for listed in lists for file in json.loads(listed).get("files", ())]
    assert len(searched.secrets) > sum(file["resource_id"] is not None for file in files) > 0


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
