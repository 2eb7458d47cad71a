"""Over HTTP, through API Gateway, Lambda, DynamoDB, SQS and S3: what arrives, and what does not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import pytest
import requests

from functions.intake import quarantine
from functions.intake.pointer import Pointer
from local.standin import Command, Run, Standin, load_runs
from tests.e2e.client import Client, Record, eventually
from tests.e2e.payloads import PARADIME, WORKSPACE, payload, run_key, served

pytestmark = pytest.mark.e2e

PREFIX = f"runs/demo-jaffle-{WORKSPACE}/daily_run/2023/10/15/63187/"


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with Standin(load_runs(PARADIME)) as standin:
        yield standin


# --- a failed run, from its delivery to its archive


@dataclass(frozen=True)
class Arrived:
    body: bytes
    answer: requests.Response
    record: Record
    objects: dict[str, bytes]


@pytest.fixture(scope="module")
def arrived(client: Client, standin: Standin) -> Arrived:
    """The vendor's example, with the stand-in's address for the vendor's."""
    body = payload("run_completed", standin.api_url)
    answer = client.send(body)
    record = client.await_archive_state(run_key(63187), "archived")
    return Arrived(body, answer, record, client.objects(PREFIX))


def test_the_answer_names_the_run(arrived: Arrived) -> None:
    assert arrived.answer.status_code == 202
    assert arrived.answer.json() == {"status": "accepted", "run": f"{WORKSPACE}/63187"}


def test_the_record_says_what_paradime_said(arrived: Arrived) -> None:
    record = arrived.record
    assert record["state"] == "failed"
    assert record["schedule_name"] == "daily_run"
    assert record["branch"] == "main"
    assert [command["status"] for command in record["commands"]].count("failed") == 1
    assert record["archive_prefix"] == PREFIX
    assert record["missing_count"] == 0


def test_every_served_file_is_stored_byte_for_byte(arrived: Arrived) -> None:
    inventory = json.loads(arrived.objects[f"{PREFIX}archive.json"])
    stored = {
        (file["command_id"], file["path"]): arrived.objects[file["key"]]
        for file in inventory["files"]
    }
    assert stored == served(63187)


def test_the_delivered_body_is_stored_byte_for_byte(arrived: Arrived) -> None:
    assert arrived.objects[f"{PREFIX}event.json"] == arrived.body


def test_the_inventory_says_what_each_object_is(arrived: Arrived) -> None:
    inventory = json.loads(arrived.objects[f"{PREFIX}archive.json"])
    assert inventory["files"]
    for file in inventory["files"]:
        stored = arrived.objects[file["key"]]
        assert (file["bytes"], file["sha256"]) == (len(stored), sha256(stored).hexdigest())


def test_a_console_log_of_40_mib_is_archived_whole(client: Client, standin: Standin) -> None:
    """The stack kills a function that takes more memory than it has."""
    line = "0123456789abcdef" * 63 + "of 1,024 bytes\r\n"
    command = Command(id=9_000_061, command="dbt run", return_code=1, stdout=line * 40 * 1024)
    run = Run(
        run_id=900_006,
        schedule_name="logs",
        schedule_slug="logs",
        state="FAILED",
        commands=[command],
    )
    standin.bolt.add(run)
    told = {"id": command.id, "command": command.command, "return_code": command.return_code}
    client.send(
        payload("run_completed", standin.api_url, id=900_006, schedule_name="logs", commands=[told])
    )
    record = client.await_archive_state(run_key(900_006), "archived")
    [key] = [key for key in client.keys(record["archive_prefix"]) if key.endswith("/stdout.log")]
    assert client.object(key) == command.stdout.encode()


def test_a_succeeded_run_is_recorded_and_not_archived(client: Client, standin: Standin) -> None:
    client.send(payload("run_completed_succeeded", standin.api_url))
    record = client.record(run_key(63189))
    assert record["state"] == "succeeded"
    assert "archive_state" not in record


# --- what is not as it should be


def test_a_wrong_signature_is_refused_with_the_one_body(client: Client, standin: Standin) -> None:
    body = payload("run_completed", standin.api_url, id=900_001)
    headers = client.signed_headers(b"another body")
    answer = client.send(body, headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    assert client.record(run_key(900_001)) == {}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"no JSON, but genuine", "application/json"),
        # API Gateway hands this one over in base64.
        (b"no text either \xff\x00", "application/octet-stream"),
    ],
)
def test_a_genuine_delivery_that_is_no_json_is_quarantined_whole(
    client: Client, body: bytes, content_type: str
) -> None:
    answer = client.send(body, client.signed_headers(body) | {"content-type": content_type})
    assert (answer.status_code, answer.json()) == (202, {"status": "quarantined", "run": None})
    waiting = map(quarantine.parse, client.messages(client.outputs.quarantine_url))
    assert body in [delivery.body for delivery in waiting]


def test_a_body_of_five_mebibytes_is_too_large(client: Client) -> None:
    answer = client.send(b" " * (5 * 1024 * 1024))
    assert (answer.status_code, answer.json()) == (413, {"error": "too large"})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_gets_the_api_s_own_answer(client: Client, method: str) -> None:
    answer = requests.request(method, client.outputs.webhook_url, timeout=30)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_another_path_gets_the_api_s_own_answer(client: Client) -> None:
    answer = requests.post(f"{client.outputs.webhook_url}/more", data=b"{}", timeout=30)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_a_pointer_to_an_unknown_run_goes_to_the_dead_letters(client: Client) -> None:
    pointer = Pointer(workspace_uid=WORKSPACE, run_id=900_002).to_json()
    client.sqs.send_message(QueueUrl=client.outputs.queue_url, MessageBody=pointer)
    eventually(
        lambda: pointer in client.messages(client.outputs.dlq_url),
        "the pointer is in the dead-letter queue",
    )
    assert client.record(run_key(900_002)) == {}


@pytest.mark.parametrize(
    ("run_id", "api_url"),
    [
        (900_003, "https://api.paradime.io.example.com/graphql"),
        (900_004, "http://api.paradime.io/graphql"),
        (900_005, "https://127.0.0.1/graphql"),
    ],
)
def test_an_api_address_that_is_not_allowed_gives_the_run_up(
    client: Client, run_id: int, api_url: str
) -> None:
    client.send(payload("run_completed", api_url, id=run_id))
    record = client.await_archive_state(run_key(run_id), "failed")
    assert api_url in record["archive_error"]

    def dead() -> bool:
        letters = client.messages(client.outputs.dlq_url)
        return run_id in [json.loads(letter)["run_id"] for letter in letters]

    eventually(dead, "the run's pointer is in the dead-letter queue")
