"""After the first receive of a failed run, record, page and message say what is known."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.fetch import handler as fetch
from functions.fetch.archive import MAX_INTERRUPTIONS
from local.standin import Resource
from local.standin.faults import AnyFault, NotOk, Status
from tests.integration import small_run
from tests.integration.test_message import Inbox
from tests.integration.world import API_SECRET, World, forget_clients

RUN_KEY = small_run.RUN_KEY
NODE = "model.shop.orders"
RESULTS = Resource(
    id=70021,
    path="target/run_results.json",
    content=json.dumps(
        {"results": [{"unique_id": NODE, "status": "error", "message": "no such column"}]}
    ).encode(),
)
MANIFEST = Resource(id=70022, path="target/manifest.json", content=b'{"nodes": {}}')


@pytest.fixture
def inbox(world: World) -> Inbox:
    small_run.add_small_run(world.standin, run_resources=[RESULTS, MANIFEST])
    inbox = Inbox(world)
    inbox.subscribe("everyone")
    return inbox


def deliver(world: World) -> None:
    commands = [
        small_run.command(7001, "dbt seed", 0, small_run.MANIFEST),
        small_run.command(7002, "dbt run", 1, RESULTS, MANIFEST),
    ]
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"
    body = small_run.completed(world.standin.api_url, commands=commands, end_dttm=now)
    assert world.send(body)["statusCode"] == 202


def receive(world: World) -> None:
    """One receive of the run's message, whatever becomes of it."""
    assert world.receive()


def record(world: World) -> dict[str, Any]:
    found = world.record(RUN_KEY)
    assert found is not None
    return found


def own_file(world: World, name: str) -> bytes:
    [body] = [body for key, body in world.objects().items() if key.endswith(f"/{name}")]
    return body


@contextmanager
def refused(operation: str) -> Iterator[None]:
    """One operation of AWS fails, as in an outage of its service."""
    make: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, name: str, arguments: Any) -> Any:
        if name == operation:
            raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, name)
        return make(client, name, arguments)

    with patch.object(BaseClient, "_make_api_call", call):
        yield


STUBBORN: dict[str, AnyFault] = {
    "answers 403 for good": Status(on=f"download:{MANIFEST.id}", status=403),
    "gets no link": NotOk(on=f"api:boltResourceUrl:{MANIFEST.id}"),
}


@pytest.mark.parametrize("fault", STUBBORN.values(), ids=STUBBORN.keys())
def test_a_stubborn_file_holds_back_neither_page_nor_message(inbox: Inbox, fault: Any) -> None:
    inbox.world.standin.faults.add(fault)
    deliver(inbox.world)
    receive(inbox.world)
    [message] = inbox.contents()
    assert message["failures"][0]["unique_id"] == NODE
    assert NODE.encode() in own_file(inbox.world, "failures.json")
    assert b"still to come" in own_file(inbox.world, "index.html")
    assert record(inbox.world)["archive_state"] == "incomplete"


def test_the_prefix_of_an_incomplete_archive_is_in_the_record(inbox: Inbox) -> None:
    inbox.world.standin.faults.add(STUBBORN["answers 403 for good"])
    deliver(inbox.world)
    receive(inbox.world)
    prefix = record(inbox.world)["archive_prefix"]
    assert f"{prefix}index.html" in inbox.world.object_keys()


def test_missing_credentials_hold_back_no_message(inbox: Inbox) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId="api", SecretString="{}")
    deliver(inbox.world)
    receive(inbox.world)
    [message] = inbox.contents()
    assert message["metadata"]["eventType"] == "run_failed"
    assert message["failed_commands"]
    command = "bolt-archive configure api --workspace n0sg8br1m44k0ryj"
    assert command in message["archive"]["error"]
    assert command in message["content"]["description"]
    assert command in record(inbox.world)["archive_error"]


def test_one_message_follows_when_the_first_could_name_nothing(inbox: Inbox) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId="api", SecretString="{}")
    deliver(inbox.world)
    receive(inbox.world)
    use_good_credentials(inbox.world)
    inbox.world.drain()
    first, second = inbox.contents()
    assert [first["metadata"]["eventType"], second["metadata"]["eventType"]] == ["run_failed"] * 2
    assert ("update" in first, second["update"]) == (False, True)
    assert second["failures"][0]["unique_id"] == NODE


def test_no_message_follows_when_the_first_named_what_failed(inbox: Inbox) -> None:
    inbox.world.standin.faults.add(Status(on=f"download:{MANIFEST.id}", status=403, times=2))
    deliver(inbox.world)
    inbox.world.drain()
    assert record(inbox.world)["archive_state"] == "archived"
    assert len(inbox.contents()) == 1


def test_an_outage_of_s3_holds_back_no_message(inbox: Inbox) -> None:
    deliver(inbox.world)
    with refused("ListObjectsV2"):
        receive(inbox.world)
    [message] = inbox.contents()
    assert message["failed_commands"]


def test_an_outage_of_sns_holds_back_neither_record_nor_page(inbox: Inbox) -> None:
    deliver(inbox.world)
    with refused("Publish"):
        receive(inbox.world)
    assert record(inbox.world)["failures"][0]["unique_id"] == NODE
    assert own_file(inbox.world, "index.html")
    inbox.world.drain()
    assert len(inbox.contents()) == 1


class TestAFileThatOnlyParadimeLists:
    """The event does not name it, so only an answer about its command shows that it exists."""

    LOG = Resource(id=70029, path="logs/dbt.log", content=b"all that dbt did")

    @pytest.fixture
    def world_with_it(self, inbox: Inbox) -> World:
        small_run.add_small_run(inbox.world.standin, run_resources=[RESULTS, MANIFEST, self.LOG])
        return inbox.world

    def refuse_the_list(self, world: World) -> None:
        world.standin.faults.add(Status(on="api:boltCommand:7002", status=503, times=4))

    def is_archived(self, world: World) -> bool:
        return any(key.endswith("/logs/dbt.log") for key in world.object_keys())

    def test_it_is_not_lost_when_the_list_cannot_be_had_again(self, world_with_it: World) -> None:
        world = world_with_it
        world.standin.faults.add(Status(on=f"download:{self.LOG.id}", status=403, times=2))
        deliver(world)
        receive(world)
        self.refuse_the_list(world)
        world.drain()
        assert (record(world)["archive_state"], self.is_archived(world)) == ("archived", True)

    def test_it_is_not_lost_when_the_function_is_killed_before_it_is_fetched(
        self, world_with_it: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = world_with_it
        deliver(world)
        with monkeypatch.context() as patched:
            kill_in(patched, "functions.fetch.files.RunFiles._fetch_file")
            receive(world)
        self.refuse_the_list(world)
        world.drain()
        assert (record(world)["archive_state"], self.is_archived(world)) == ("archived", True)


def test_a_run_that_was_told_is_not_told_again_when_it_is_given_up(inbox: Inbox) -> None:
    inbox.world.standin.faults.add(STUBBORN["answers 403 for good"])
    deliver(inbox.world)
    inbox.world.drain()
    assert record(inbox.world)["archive_state"] == "failed"
    assert [message["metadata"]["eventType"] for message in inbox.contents()] == ["run_failed"]


class TestAFunctionThatIsKilled:
    """A receive that never ends is played by one that raises what is no error of ours."""

    def test_the_next_receive_tells_first(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deliver(inbox.world)
        kill_in(monkeypatch, "functions.fetch.files.RunFiles.fetch_answer")
        receive(inbox.world)
        receive(inbox.world)
        [message] = inbox.contents()
        assert "stopped while it was archiving" in message["archive"]["error"]
        assert "stopped while it was archiving" in record(inbox.world)["archive_error"]

    def test_it_is_killed_at_most_three_times(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        killed = kill_in(monkeypatch, "functions.fetch.files.RunFiles.fetch_answer")
        deliver(inbox.world)
        inbox.world.drain()
        assert len(killed) == MAX_INTERRUPTIONS
        assert record(inbox.world)["archive_state"] == "failed"
        assert len(inbox.world.messages("dead-letters")) == 1

    def test_a_file_whose_reading_kills_is_left_alone(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = fetch.worker()._archiver.bucket.read_end

        def killing(bucket: object, key: str, max_bytes: int) -> bytearray:
            if key.endswith("manifest.json"):
                raise MemoryError
            return read(key, max_bytes)

        monkeypatch.setattr("functions.aws.bucket.ArchiveBucket.read_end", killing)
        deliver(inbox.world)
        inbox.world.drain()
        assert record(inbox.world)["archive_state"] == "archived"
        assert NODE.encode() in own_file(inbox.world, "failures.json")
        assert "reading it stopped the function" in own_file(inbox.world, "failures.json").decode()

    def test_an_attempt_that_ends_in_order_does_not_count(self, inbox: Inbox) -> None:
        inbox.world.standin.faults.add(STUBBORN["answers 403 for good"])
        deliver(inbox.world)
        receive(inbox.world)
        receive(inbox.world)
        assert "attempt_number" not in record(inbox.world)


def test_of_two_pointers_at_once_one_tells(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is received while the first is about to publish."""
    deliver(inbox.world)
    deliver(inbox.world)
    publish = type(fetch.worker()._archiver.messenger.topic).publish
    others: list[int] = []

    def publish_beside_another(*arguments: Any) -> None:
        if not others:
            others.append(1)
            receive(inbox.world)
        publish(*arguments)

    monkeypatch.setattr("functions.aws.topic.Topic.publish", publish_beside_another)
    inbox.world.drain()
    assert len(inbox.contents()) == 1


def use_good_credentials(world: World) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId="api", SecretString=API_SECRET)
    forget_clients()


def kill_in(monkeypatch: pytest.MonkeyPatch, name: str) -> list[int]:
    """Each call of the function is noted, and ends the process."""
    calls: list[int] = []

    def kill(*_: object) -> None:
        calls.append(1)
        raise MemoryError

    monkeypatch.setattr(name, kill)
    return calls
