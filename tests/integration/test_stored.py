"""What stands in the bucket is what Paradime has, as far as it could be had, and stays listed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.aws.topic import Topic
from local.standin import Command, Resource, Run
from local.standin.faults import Status
from tests.integration import small_run
from tests.integration.small_run import RESULTS, RUN_KEY, completed, first_command_only
from tests.integration.test_message import Inbox
from tests.integration.world import MAX_RECEIVES, World


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"


def inventory(world: World) -> dict[str, Any]:
    [listing] = [body for key, body in world.objects().items() if key.endswith("/archive.json")]
    return dict(json.loads(listing))


def contents(world: World, name: str) -> list[bytes]:
    return [body for key, body in world.objects().items() if key.endswith(f"/{name}")]


def state(world: World) -> str:
    record = world.record(RUN_KEY)
    assert record is not None
    return str(record["archive_state"])


def test_files_that_cannot_be_had_starve_no_other(world: World) -> None:
    bad = [Resource(id=71000 + at, path=f"a/{at}.json", content=b"{}") for at in range(15)]
    good = [Resource(id=72000 + at, path=f"b/{at}.json", content=b"{}") for at in range(5)]
    small_run.add_small_run(world.standin, run_resources=[*bad, *good])
    for resource in bad:
        world.standin.faults.add(Status(on=f"api:boltResourceUrl:{resource.id}", status=500))
    commands = [small_run.command(7002, "dbt run", 1, *bad, *good)]
    world.send(completed(world.standin.api_url, commands=commands))
    world.receive()
    stored = {file["path"] for file in inventory(world)["files"]}
    assert {resource.path for resource in good} <= stored


class TestNullLogs:
    """Paradime has not stored them yet, or never will."""

    @pytest.fixture
    def world(self, world: World) -> World:
        small_run.add_small_run(world.standin)
        answer: Any = {"data": {"boltCommand": {"stdout": None, "stderr": None, "resources": []}}}
        world.standin.faults.add(
            Status(
                on="api:boltCommand:7002",
                status=200,
                headers={"Content-Type": "application/json"},
                body=json.dumps(answer),
            )
        )
        return world

    def test_they_are_fetched_when_they_are_there(self, world: World) -> None:
        world.send(completed(world.standin.api_url, end_dttm=now()))
        world.receive()
        world.standin.faults.clear()
        world.drain()
        assert (state(world), sorted(contents(world, "stdout.log"))) == (
            "archived",
            [b"ran", b"seeded"],
        )

    def test_an_hour_after_the_run_they_are_missing_and_not_empty(self, world: World) -> None:
        world.send(completed(world.standin.api_url))
        world.drain()
        assert (state(world), contents(world, "stdout.log")) == ("partial", [b"seeded"])


def test_another_resource_under_the_same_path_replaces_the_first(world: World) -> None:
    """As when a command ran again: the path is the same, and the file another."""
    small_run.add_small_run(world.standin)
    world.send(completed(world.standin.api_url))
    world.drain()
    second = Resource(id=70099, path=RESULTS.path, content=b'{"results": [], "second": true}')
    small_run.add_small_run(world.standin, run_resources=[second])
    commands = [small_run.command(7002, "dbt run", 1, second)]
    later = "2023-10-15 16:59:00.000000"
    world.send(completed(world.standin.api_url, commands=commands, end_dttm=later))
    world.drain()
    assert second.content in contents(world, "run_results.json")
    [listed] = [file for file in inventory(world)["files"] if file["path"] == second.path]
    assert listed["resource_id"] == second.id


# A fetch that leaves its run to another message has nothing to count.
@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_a_run_overtaken_on_the_last_receive_is_archived_and_not_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first event's pointer is lost to the second's, which arrives during the last receive."""
    small_run.add_small_run(world.standin)
    inbox = Inbox(world)
    inbox.subscribe("everyone")
    world.standin.faults.add(Status(on=f"download:{RESULTS.id}", status=403))
    world.send(completed(world.standin.api_url, end_dttm=now()))
    for _ in range(MAX_RECEIVES - 1):
        world.receive()
    world.standin.faults.clear()
    other = first_command_only(world.standin.api_url, end_dttm="2100-01-01 00:00:00.000000")
    fetch_rest = "functions.fetch.files.RunFiles.fetch_rest"
    with monkeypatch.context() as patched:
        patched.setattr(fetch_rest, lambda files: world.send(other))
        world.receive()
    world.drain()
    assert (state(world), world.messages("dead-letters")) == ("archived", [])
    assert [one["metadata"]["eventType"] for one in inbox.contents()] == ["run_failed"]


def test_the_message_waits_for_no_file_that_the_answer_does_not_need(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a thousand files, those of the failed command are fetched, then the message is sent."""
    others = [Resource(id=80000 + at, path=f"target/{at}.json", content=b"{}") for at in range(500)]
    results = {"results": [{"unique_id": "model.shop.orders", "status": "error", "message": "no"}]}
    told = Resource(id=70021, path="target/run_results.json", content=json.dumps(results).encode())
    world.standin.bolt.add(
        Run(
            run_id=small_run.RUN_ID,
            schedule_name="small",
            schedule_slug="small",
            state="FAILED",
            commands=[
                Command(id=7001, command="dbt seed", stdout="seeded", resources=others),
                Command(id=7002, command="dbt run", return_code=1, resources=[told]),
            ],
        )
    )
    inbox = Inbox(world)
    inbox.subscribe("everyone")
    commands = [
        small_run.command(7001, "dbt seed", 0, *others),
        small_run.command(7002, "dbt run", 1, told),
    ]
    world.send(completed(world.standin.api_url, commands=commands))
    downloads: list[int] = []
    publish = Topic.publish

    def note(topic: Topic, *arguments: Any, **options: Any) -> None:
        downloads.append(world.standin.requests.count("download:*"))
        publish(topic, *arguments, **options)

    monkeypatch.setattr(Topic, "publish", note)
    world.drain()
    [message] = inbox.contents()
    assert message["failures"][0]["unique_id"] == "model.shop.orders"
    assert downloads == [1]
