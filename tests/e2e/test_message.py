"""On the local stack, with IAM enforced: what a queue on the topic of failed runs receives."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.inbox import new_inbox
from local.stack.outputs import Outputs
from local.standin import Standin, load_runs
from local.standin.faults import Status
from tests.e2e.client import Client, eventually
from tests.e2e.payloads import PARADIME, payload, run_key

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Inbox:
    """A queue that is subscribed to the topic of failed runs."""

    client: Client
    url: str

    def envelopes(self, run_id: int) -> list[dict[str, Any]]:
        """Those about a run: the runs of other tests are told as well."""
        envelopes = [json.loads(body) for body in self.client.messages(self.url)]
        return [found for found in envelopes if content(found)["run"]["run_id"] == run_id]

    def await_envelope(self, run_id: int) -> dict[str, Any]:
        eventually(lambda: bool(self.envelopes(run_id)), f"run {run_id} is told")
        [envelope] = self.envelopes(run_id)
        return envelope


def content(envelope: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(envelope["Message"])
    return message


def failed_run(api_url: str, run_id: int) -> bytes:
    return payload("run_completed", api_url, id=run_id, schedule_name=f"told-{run_id}")


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with Standin(load_runs(PARADIME)) as standin:
        yield standin


@pytest.fixture(scope="module")
def inbox(client: Client, outputs: Outputs) -> Inbox:
    return Inbox(client, new_inbox(outputs, f"inbox-{uuid.uuid4().hex}"))


def test_a_failed_run_is_told_with_what_failed_and_where_its_archive_is(
    client: Client, inbox: Inbox, standin: Standin
) -> None:
    client.send(failed_run(standin.api_url, 7101))
    envelope = inbox.await_envelope(7101)
    record = client.await_archive_state(run_key(7101), "archived")
    said = "demo-jaffle / told-7101 failed: customer_lifetime_value"
    assert envelope["Subject"].startswith(said)
    message = content(envelope)
    [first, *_] = message["failures"]
    assert first["unique_id"] == "model.jaffle.customer_lifetime_value"
    assert 'does not have a column named "amount_usd"' in first["message"]
    assert message["failure_count"] == record["failure_count"]
    assert 0 < message["archive"]["files"] <= record["artifact_count"]
    assert message["archive"]["url"].endswith(f"&prefix={record['archive_prefix']}")
    assert envelope["MessageAttributes"]["schedule"]["Value"] == "told-7101"


def test_a_run_that_is_given_up_is_told(client: Client, inbox: Inbox) -> None:
    client.send(failed_run("https://bolt.invalid/graphql", 7102))
    archive = content(inbox.await_envelope(7102))["archive"]
    assert archive["state"] == "failed"
    assert "https://bolt.invalid/graphql" in archive["error"]


def test_a_delivery_that_comes_again_tells_nothing(
    client: Client, inbox: Inbox, standin: Standin
) -> None:
    body = failed_run(standin.api_url, 7103)
    client.send(body)
    inbox.await_envelope(7103)
    client.await_archive_state(run_key(7103), "archived")
    client.send(body)
    eventually(lambda: client.is_empty(client.outputs.queue_url), "the run is received again")
    assert len(inbox.envelopes(7103)) == 1


def test_one_stubborn_file_holds_up_neither_page_nor_message(
    client: Client, inbox: Inbox, standin: Standin, figure: Callable[[str], None]
) -> None:
    """They are there while it fails, and no second message follows once it has come."""
    manifest = [
        resource["id"]
        for command in json.loads((PARADIME / "63187.json").read_text())["commands"]
        for resource in command["resources"]
        if resource["path"] == "target/semantic_manifest.json"
    ]
    for resource_id in manifest:
        standin.faults.add(Status(on=f"download:{resource_id}", status=403))
    sent = time.monotonic()
    client.send(failed_run(standin.api_url, 7110))
    envelope = inbox.await_envelope(7110)
    record = client.await_archive_state(run_key(7110), "incomplete")
    figure(f"one stubborn file: message and page {time.monotonic() - sent:.0f} s after delivery")
    [first, *_] = content(envelope)["failures"]
    assert first["unique_id"] == "model.jaffle.customer_lifetime_value"
    assert content(envelope)["archive"]["state"] == "incomplete"
    assert f"{record['archive_prefix']}index.html" in client.keys(record["archive_prefix"])
    standin.faults.clear()
    client.await_archive_state(run_key(7110), "archived")
    assert len(inbox.envelopes(7110)) == 1
