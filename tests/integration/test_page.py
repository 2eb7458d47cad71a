"""What failed stands in the record, in `failures.json` and on the page of the run's archive."""

import json
from dataclasses import replace

import boto3
import pytest

from tests.integration.small_run import RESULTS, RUN_KEY, add_small_run, completed
from tests.integration.world import World

PREFIX = "runs/demo-jaffle-n0sg8br1m44k0ryj/daily_run/2023/10/15/63187/"


@pytest.fixture
def archived(world: World) -> World:
    world.send(world.payload())
    world.drain()
    return world


def test_the_record_names_the_failing_node(archived: World) -> None:
    record = archived.record()
    assert record is not None
    [failure] = record["failures"]
    assert failure["unique_id"] == "model.jaffle.customer_lifetime_value"
    assert failure["status"] == "error"
    assert 'does not have a column named "amount_usd"' in failure["message"]
    assert record["failure_count"] == 1


def test_failures_json_names_it_too(archived: World) -> None:
    content = json.loads(archived.objects()[f"{PREFIX}failures.json"])
    assert [node["unique_id"] for node in content["failures"]] == [
        "model.jaffle.customer_lifetime_value"
    ]


def test_a_browser_shows_the_page_as_a_page(archived: World) -> None:
    answer = boto3.client("s3").get_object(Bucket=archived.bucket, Key=f"{PREFIX}index.html")
    assert answer["ContentType"] == "text/html; charset=utf-8"
    assert "customer_lifetime_value" in answer["Body"].read().decode()


def test_a_failed_clone_is_told_by_its_log(world: World) -> None:
    world.send(world.payload("run_completed_clone"))
    world.drain()
    record = world.record("n0sg8br1m44k0ryj#63190")
    assert record is not None
    assert record["failures"] == [
        {
            "unique_id": "command 1",
            "status": "failed",
            "message": "fatal: Remote branch feature/segments-v2 not found in upstream origin",
        }
    ]
    page = world.objects()[f"{record['archive_prefix']}index.html"].decode()
    assert "fatal: Remote branch" in page


def test_archiving_again_gives_the_same_bytes(archived: World) -> None:
    before = archived.objects()
    s3 = boto3.client("s3")
    for name in ("index.html", "failures.json"):
        s3.delete_object(Bucket=archived.bucket, Key=PREFIX + name)
    boto3.client("dynamodb").update_item(
        TableName=archived.table,
        Key={"run_key": {"S": "n0sg8br1m44k0ryj#63187"}},
        UpdateExpression="REMOVE archive_state",
    )
    pointer = {"schema": 1, "event": "bolt.run.completed", "run_id": 63187}
    pointer |= {"workspace_uid": "n0sg8br1m44k0ryj", "schedule_name": "", "status": ""}
    archived.sqs.send_message(QueueUrl=archived.queues["runs"], MessageBody=json.dumps(pointer))
    archived.drain()
    assert archived.objects() == before


def test_results_that_are_empty_are_archived_and_reported_as_unread(world: World) -> None:
    add_small_run(world.standin, run_resources=(replace(RESULTS, content=b""),))
    world.send(completed(world.standin.api_url))
    world.drain()
    record = world.record(RUN_KEY)
    assert record is not None
    assert record["archive_state"] == "archived"
    [found] = [body for key, body in world.objects().items() if key.endswith("failures.json")]
    [unread] = json.loads(found)["unread"]
    assert unread["key"].endswith("target/run_results.json")
