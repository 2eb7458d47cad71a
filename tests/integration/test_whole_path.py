"""A signed delivery of a payload ends as a record in DynamoDB and an archive in S3."""

import json
from hashlib import sha256

import pytest

from tests.integration.world import EVENTS, World

PREFIX = "runs/demo-jaffle-n0sg8br1m44k0ryj/daily_run/2023/10/15/63187/"


@pytest.fixture
def archived(world: World) -> World:
    world.send(world.payload())
    world.drain()
    return world


def test_the_answer_names_the_run(world: World) -> None:
    answer = world.send(world.payload())
    assert answer["statusCode"] == 202
    assert json.loads(answer["body"]) == {
        "status": "accepted",
        "run": "n0sg8br1m44k0ryj/63187",
    }


def test_objects_are_byte_identical_to_what_paradime_has(archived: World) -> None:
    objects = archived.objects()
    run = json.loads((EVENTS / "paradime" / "63187.json").read_text())
    folders = ["01-git-clone", "02-dbt-deps", "03-dbt-seed", "04-dbt-run"]
    for folder, command in zip(folders, run["commands"], strict=True):
        served = {"stdout.log": command["stdout"], "stderr.log": command["stderr"]} | {
            resource["path"]: resource["file"]
            for resource in command["resources"]
            if resource["path"].endswith((".json", ".log"))
        }
        below = f"{PREFIX}{folder}-{command['id']}/"
        stored = {key.removeprefix(below) for key in objects if key.startswith(below)}
        assert stored == served.keys()
        for path, file in served.items():
            assert objects[below + path] == (EVENTS / "paradime" / file).read_bytes()


def test_event_json_is_byte_identical_to_what_was_sent(archived: World) -> None:
    assert archived.objects()[f"{PREFIX}event.json"] == archived.payload()


def test_the_inventory_has_every_file_with_its_digest(archived: World) -> None:
    objects = archived.objects()
    inventory = json.loads(objects[f"{PREFIX}archive.json"])
    digests = {file["key"]: file["sha256"] for file in inventory["files"]}
    for key, digest in digests.items():
        assert sha256(objects[key]).hexdigest() == digest
    console_and_artifacts = {key for key in objects if key.count("/") > PREFIX.count("/")}
    assert digests.keys() == console_and_artifacts


def test_the_record_says_that_the_run_is_archived(archived: World) -> None:
    record = archived.record()
    assert record is not None
    assert record["state"] == "failed"
    assert record["archive_state"] == "archived"
    assert record["archive_prefix"] == PREFIX
    assert record["artifact_count"] == 17
    assert record["missing_count"] == 0


def test_delivering_again_changes_only_the_receipt(archived: World) -> None:
    before, objects = archived.record(), archived.objects()
    archived.standin.requests.clear()
    for _ in range(2):
        archived.send(archived.payload())
        archived.drain()
    after = archived.record()
    assert before is not None
    assert after is not None
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {"last_received_at", "delivery_ids"}
    assert archived.objects() == objects
    assert not list(archived.standin.requests)


def test_started_after_completed_changes_no_state(archived: World) -> None:
    before = archived.record()
    archived.send(archived.payload("run_started_63187"))
    after = archived.record()
    assert before is not None
    assert after is not None
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {"last_received_at", "delivery_ids"}


def test_a_started_run_is_running_whatever_its_status_says(world: World) -> None:
    world.send(world.payload("run_started"))
    record = world.record("n0sg8br1m44k0ryj#1234")
    assert record is not None
    assert record["state"] == "running"
    assert world.messages("runs") == []


def test_a_succeeded_run_is_recorded_and_not_archived(world: World) -> None:
    world.send(world.payload("run_completed_succeeded"))
    record = world.record("n0sg8br1m44k0ryj#63189")
    assert record is not None
    assert record["state"] == "succeeded"
    assert "archive_state" not in record
    assert world.messages("runs") == []


def test_with_archive_all_a_succeeded_run_is_archived(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE", "all")
    world.send(world.payload("run_completed_succeeded"))
    world.drain()
    record = world.record("n0sg8br1m44k0ryj#63189")
    assert record is not None
    assert record["archive_state"] == "archived"


def test_a_run_that_failed_before_dbt_has_its_logs_archived(world: World) -> None:
    world.send(world.payload("run_completed_clone"))
    world.drain()
    logs = [body for key, body in world.objects().items() if key.endswith("stderr.log")]
    assert len(logs) == 1
    assert b"fatal:" in logs[0]
