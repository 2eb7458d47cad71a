"""The rows of a run's results come with its archive, and with `history: all` also without one."""

import gzip
import json
from typing import Any

import pytest

from functions.aws.bucket import ArchiveBucket
from functions.shared.errors import UnavailableError
from local.standin.faults import Status
from tests.integration.small_run import RUN_KEY, add_small_run, completed, succeeded
from tests.integration.world import World

DAY = "history/v1/day=2023-10-15/"
FAILED = f"{DAY}n0sg8br1m44k0ryj-63187.jsonl.gz"
SUCCEEDED = "history/v1/day=2023-10-16/n0sg8br1m44k0ryj-63189.jsonl.gz"
SMALL = f"{DAY}n0sg8br1m44k0ryj-700.jsonl.gz"


def rows(world: World, key: str) -> list[dict[str, Any]]:
    body = world.objects()[key]
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


@pytest.fixture
def all_runs(monkeypatch: pytest.MonkeyPatch, world: World) -> World:
    monkeypatch.setenv("HISTORY", "all")
    return world


def replay(world: World, run_key: str) -> None:
    """As `bolt-archive replay` does it."""
    world.dynamodb.update_item(
        TableName=world.table,
        Key={"run_key": {"S": run_key}},
        UpdateExpression="SET archive_state = :queued REMOVE archived_rank",
        ExpressionAttributeValues={":queued": {"S": "queued"}},
    )
    uid, _, run_id = run_key.partition("#")
    world.sqs.send_message(
        QueueUrl=world.queues["runs"],
        MessageBody=json.dumps({"workspace_uid": uid, "run_id": int(run_id)}),
    )
    world.drain()


def test_an_archived_run_has_rows(world: World) -> None:
    world.send(world.payload())
    world.drain()
    found = rows(world, FAILED)
    assert [row["status"] for row in found if row["type"] == "run"] == ["failed"]
    assert {"model", "seed"} <= {row["type"] for row in found}
    [broken] = [row for row in found if row["type"] == "model" and row["status"] == "error"]
    record = world.record()
    assert record is not None
    assert broken["reason"] == record["failures"][0]["message"]


def test_rows_are_the_same_when_the_archive_is_made_again(world: World) -> None:
    world.send(world.payload())
    world.drain()
    before = world.objects()[FAILED]
    world.s3.delete_object(Bucket=world.bucket, Key=FAILED)
    replay(world, "n0sg8br1m44k0ryj#63187")
    assert world.objects()[FAILED] == before


def test_a_run_that_is_given_up_has_a_row_for_itself_and_its_commands(world: World) -> None:
    world.send(completed("https://example.com/graphql"))
    world.drain()
    assert [row["type"] for row in rows(world, SMALL)] == ["command", "command", "run"]


def test_a_run_without_its_rows_does_not_count_as_archived(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = ArchiveBucket.replace

    def failing(bucket: ArchiveBucket, key: str, *values: Any, **named: Any) -> str:
        if key == FAILED:
            raise UnavailableError("S3 failed")
        return replace(bucket, key, *values, **named)

    world.send(world.payload())
    with monkeypatch.context() as patch:
        patch.setattr(ArchiveBucket, "replace", failing)
        world.receive()
    record = world.record()
    assert record is not None
    assert record["archive_state"] == "incomplete"
    world.drain()
    assert FAILED in world.object_keys()


def test_by_default_a_succeeded_run_has_none(world: World) -> None:
    world.send(world.payload("run_completed_succeeded"))
    world.drain()
    assert world.object_keys() == []


def test_with_history_all_only_results_and_rows_of_a_succeeded_run_are_stored(
    all_runs: World,
) -> None:
    all_runs.send(all_runs.payload("run_completed_succeeded"))
    all_runs.drain()
    assert any(row.get("unique_id") for row in rows(all_runs, SUCCEEDED))
    others = {key.rpartition("/")[2] for key in all_runs.object_keys()} - {
        SUCCEEDED.rpartition("/")[2]
    }
    assert others == {"run_results.json"}


def test_with_history_all_a_succeeded_run_is_neither_archived_nor_announced(
    all_runs: World,
) -> None:
    all_runs.send(all_runs.payload("run_completed_succeeded"))
    all_runs.drain()
    record = all_runs.record("n0sg8br1m44k0ryj#63189")
    assert record is not None
    assert not {"archive_state", "archive_prefix", "messages", "attempt_number"} & record.keys()
    assert record["rows_rank"] == record["event_rank"]


def test_with_history_all_a_failed_run_is_archived_as_ever(all_runs: World) -> None:
    all_runs.send(all_runs.payload())
    all_runs.drain()
    record = all_runs.record()
    assert record is not None
    assert record["archive_state"] == "archived"
    assert FAILED in all_runs.object_keys()


def test_a_succeeded_run_that_is_delivered_twice_is_not_fetched_twice(all_runs: World) -> None:
    all_runs.send(all_runs.payload("run_completed_succeeded"))
    all_runs.drain()
    assert SUCCEEDED in all_runs.object_keys()
    all_runs.s3.delete_object(Bucket=all_runs.bucket, Key=SUCCEEDED)
    all_runs.send(all_runs.payload("run_completed_succeeded"))
    all_runs.drain()
    assert SUCCEEDED not in all_runs.object_keys()


def test_results_that_are_late_are_waited_for(all_runs: World) -> None:
    add_small_run(all_runs.standin)
    all_runs.standin.faults.add(Status(on="download:70021", status=503, times=4))
    all_runs.send(succeeded(all_runs.standin.api_url))
    all_runs.receive()
    assert SMALL not in all_runs.object_keys()
    all_runs.drain()
    assert [row["type"] for row in rows(all_runs, SMALL)] == ["command", "command", "run"]


def test_results_that_never_come_leave_the_other_rows_and_a_dead_letter(all_runs: World) -> None:
    add_small_run(all_runs.standin)
    all_runs.standin.faults.add(Status(on="download:70021", status=503))
    all_runs.send(succeeded(all_runs.standin.api_url))
    all_runs.drain()
    assert [row["status"] for row in rows(all_runs, SMALL)] == ["success", "success", "succeeded"]
    [letter] = all_runs.messages("dead-letters")
    assert json.loads(letter)["purpose"] == "history"


def test_a_run_that_turns_out_to_have_failed_is_archived_after_all(all_runs: World) -> None:
    add_small_run(all_runs.standin)
    all_runs.send(succeeded(all_runs.standin.api_url))
    all_runs.drain()
    all_runs.send(completed(all_runs.standin.api_url))
    all_runs.drain()
    record = all_runs.record(RUN_KEY)
    assert record is not None
    assert record["archive_state"] == "archived"
    assert rows(all_runs, SMALL)[-1]["status"] == "failed"


def test_a_succeeded_run_can_be_archived_later(all_runs: World) -> None:
    all_runs.send(all_runs.payload("run_completed_succeeded"))
    all_runs.drain()
    before = all_runs.objects()[SUCCEEDED]
    replay(all_runs, "n0sg8br1m44k0ryj#63189")
    assert any(key.endswith("index.html") for key in all_runs.object_keys())
    assert all_runs.objects()[SUCCEEDED] == before
