"""Fifty identical deliveries at once: one record, one archive, no error."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from local.embedded import turns
from local.stack.stack import LocalStack
from local.standin import Standin, load_runs
from tests.e2e.client import Client, Record, eventually
from tests.e2e.payloads import PARADIME, WORKSPACE, payload, served
from tests.e2e.workers import workers

pytestmark = pytest.mark.e2e

AT_ONCE = 50
RUN_ID = 901_000
PREFIX = f"runs/demo-jaffle-{WORKSPACE}/daily_run/2023/10/15/{RUN_ID}/"


@dataclass(frozen=True)
class Delivered:
    """What fifty deliveries of one body, with one id and one signature, came to."""

    answers: list[tuple[int, Any]]
    delivery_id: str
    records: list[Record]
    objects: dict[str, bytes]
    dead_letters: list[str]
    newly_quarantined: set[str]
    new_errors: int
    workers: int


def errors(client: Client) -> int:
    return client.matching_lines("IngestLogs", "Traceback") + client.matching_lines(
        "IngestLogs", "ERROR"
    )


@pytest.fixture(scope="module")
def delivered(stack: LocalStack, client: Client) -> Iterator[Delivered]:
    outputs = client.outputs
    quarantined, errors_before = client.messages(outputs.quarantine_url), errors(client)
    with Standin(load_runs(PARADIME)) as standin, ThreadPoolExecutor(AT_ONCE) as pool:
        body = payload("run_completed", standin.api_url, id=RUN_ID)
        headers = client.signed_headers(body)
        try:
            answers = list(pool.map(lambda _: client.send(body, headers), range(AT_ONCE)))
        finally:
            eventually(lambda: client.is_empty(outputs.queue_url), "all are done with")
        yield Delivered(
            answers=[(answer.status_code, answer.json()) for answer in answers],
            delivery_id=headers["svix-id"],
            records=[record for record in client.records() if record.get("run_id") == RUN_ID],
            objects=client.objects(PREFIX),
            dead_letters=client.messages(outputs.dlq_url),
            newly_quarantined=set(client.messages(outputs.quarantine_url)) - set(quarantined),
            new_errors=errors(client) - errors_before,
            workers=len(workers(stack.state, "Ingest")),
        )


def test_each_is_accepted(delivered: Delivered) -> None:
    accepted = (202, {"status": "accepted", "run": f"{WORKSPACE}/{RUN_ID}"})
    assert delivered.answers == [accepted] * AT_ONCE


def test_they_wait_for_a_few_workers_and_start_no_more(delivered: Delivered) -> None:
    assert delivered.workers <= turns.AT_ONCE


def test_no_delivery_meets_an_error_of_ours(delivered: Delivered) -> None:
    assert delivered.new_errors == 0


def test_there_is_one_record_that_knows_of_one_delivery(delivered: Delivered) -> None:
    [record] = delivered.records
    assert record["delivery_ids"] == {delivered.delivery_id}
    assert record["archive_state"] == "archived"


def test_there_is_one_set_of_objects(delivered: Delivered) -> None:
    inventory = json.loads(delivered.objects[f"{PREFIX}archive.json"])
    stored = {
        (file["command_id"], file["path"]): delivered.objects[file["key"]]
        for file in inventory["files"]
    }
    assert stored == served(63187)
    beside = delivered.objects.keys() - {file["key"] for file in inventory["files"]}
    assert {"/" in key.removeprefix(PREFIX) for key in beside} == {False}


def test_nothing_is_given_up(delivered: Delivered) -> None:
    given_up = [json.loads(letter) for letter in delivered.dead_letters]
    assert [pointer for pointer in given_up if pointer["run_id"] == RUN_ID] == []


def test_nothing_is_quarantined(delivered: Delivered) -> None:
    assert delivered.newly_quarantined == set()
