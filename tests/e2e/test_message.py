"""On the local stack, with IAM enforced: what a queue on the topic of failed runs receives."""

import json
import time
import uuid
from collections.abc import Iterator
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

SCHEDULE = "told"

# The manifest of the command that failed: what failed is known without it.
STUBBORN_FILE = Status(on="download:1205743", status=403)


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


def failed_run(api_url: str, run_id: int, schedule: str = SCHEDULE) -> bytes:
    return payload("run_completed", api_url, id=run_id, schedule_name=schedule)


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
    said = f"demo-jaffle / {SCHEDULE} failed: customer_lifetime_value"
    assert envelope["Subject"].startswith(said)
    message = content(envelope)
    [first, *_] = message["failures"]
    assert first["unique_id"] == "model.jaffle.customer_lifetime_value"
    assert 'does not have a column named "amount_usd"' in first["message"]
    assert message["failure_count"] == record["failure_count"]
    assert 0 < message["archive"]["files"] <= record["artifact_count"]
    assert message["archive"]["url"].endswith(f"&prefix={record['archive_prefix']}")
    assert envelope["MessageAttributes"]["schedule"]["Value"] == SCHEDULE


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


def test_one_stubborn_file_holds_back_neither_page_nor_message(
    client: Client, inbox: Inbox
) -> None:
    """Both within a minute of the delivery. When it is served at last, nothing is told again."""

    def is_stored() -> bool:
        prefix = client.record(run_key(7104)).get("archive_prefix")
        return prefix is not None and f"{prefix}index.html" in client.keys(prefix)

    with Standin(load_runs(PARADIME)) as standin:
        standin.faults.add(STUBBORN_FILE)
        end = time.monotonic() + 60
        client.send(failed_run(standin.api_url, 7104, "stubborn"))
        eventually(lambda: bool(inbox.envelopes(7104)), "the run is told", end - time.monotonic())
        eventually(is_stored, "its page is stored", end - time.monotonic())
        [message] = map(content, inbox.envelopes(7104))
        assert client.record(run_key(7104))["archive_state"] == "incomplete"
        assert standin.requests.count(STUBBORN_FILE.on)
        standin.faults.clear()
        client.await_archive_state(run_key(7104), "archived")
    assert message["archive"]["state"] == "incomplete"
    assert message["failures"][0]["unique_id"] == "model.jaffle.customer_lifetime_value"
    eventually(lambda: client.is_empty(client.outputs.queue_url), "the run is settled")
    assert len(inbox.envelopes(7104)) == 1
