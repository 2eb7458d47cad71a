"""`replay`, `redrive` and `quarantine`: what got stuck goes on, and nothing is lost."""

import json
from pathlib import Path

import boto3
import pytest

from functions.intake import pointer
from functions.intake.pointer import Pointer
from tests.integration.test_cli.conftest import BoltArchive
from tests.integration.world import World

UID = "n0sg8br1m44k0ryj"


def pointer_to(run_id: int) -> str:
    return Pointer(workspace_uid=UID, run_id=run_id).to_json()


def archive_state(world: World, run_id: int) -> object:
    record = world.record(f"{UID}#{run_id}")
    assert record is not None
    return record.get("archive_state")


class TestReplay:
    def test_a_run_that_was_never_archived_is(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        assert bolt_archive("replay", "63189").status == 0
        assert archive_state(archived, 63189) == "queued"
        archived.drain()
        assert archive_state(archived, 63189) == "archived"

    def test_what_is_gone_from_an_archive_is_fetched_again(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        archived.drain()
        before = archived.objects()
        key = next(key for key in before if key.endswith("63187/04-dbt-run-193442/stdout.log"))
        boto3.client("s3").delete_object(Bucket=archived.bucket, Key=key)
        bolt_archive("replay", f"{UID}/63187")
        archived.drain()
        assert archived.objects() == before

    def test_several_at_once(self, archived: World, bolt_archive: BoltArchive) -> None:
        archived.drain()
        ended = bolt_archive("replay", "63187", "63188", "--json")
        assert [one["run"] for one in ended.json] == [f"{UID}/63187", f"{UID}/63188"]
        queued = {pointer.parse(body).run_id for body in archived.messages("runs")}
        assert queued == {63187, 63188}

    @pytest.mark.parametrize("other", ["1", "1234"])
    def test_if_one_cannot_be_none_is(
        self, archived: World, bolt_archive: BoltArchive, other: str
    ) -> None:
        archived.send(archived.payload("run_started"))  # 1234, which runs
        archived.drain()
        ended = bolt_archive("replay", "63187", other)
        assert (ended.status, archived.messages("runs")) == (1, [])
        assert archive_state(archived, 63187) == "archived"


class TestRedrive:
    @pytest.fixture
    def given_up(self, world: World) -> World:
        """Run 63187, given up for an address to which nothing is sent."""
        body = json.loads(world.payload()) | {"api_url": "https://example.com/graphql"}
        world.send(json.dumps(body).encode())
        world.drain()
        assert len(world.messages("dead-letters")) == 1
        return world

    def test_dead_letters_go_back(self, given_up: World, bolt_archive: BoltArchive) -> None:
        ended = bolt_archive("redrive")
        assert ended.status == 0
        assert ended.out.splitlines() == [
            f"sent back: {UID}/63187",
            "1 dead letter sent back to the run queue",
        ]
        assert given_up.messages("dead-letters") == []
        [body] = given_up.messages("runs")
        assert pointer.parse(body).run_id == 63187
        assert archive_state(given_up, 63187) == "queued"

    def test_none_is_lost_when_it_cannot_be_sent(
        self, given_up: World, bolt_archive: BoltArchive
    ) -> None:
        given_up.sqs.delete_queue(QueueUrl=given_up.queues["runs"])
        assert bolt_archive("redrive").status == 1
        [body] = given_up.messages("dead-letters")
        assert pointer.parse(body).run_id == 63187

    def test_all_of_them_go_and_not_only_a_batch(
        self, given_up: World, bolt_archive: BoltArchive
    ) -> None:
        for _ in range(24):
            given_up.sqs.send_message(
                QueueUrl=given_up.queues["dead-letters"], MessageBody=pointer_to(63187)
            )
        assert len(bolt_archive("redrive", "--json").json) == 25
        assert given_up.messages("dead-letters") == []
        waiting = given_up.sqs.get_queue_attributes(
            QueueUrl=given_up.queues["runs"], AttributeNames=["ApproximateNumberOfMessages"]
        )
        assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "25"

    @pytest.mark.parametrize("body", ["hello", pointer_to(7)], ids=["no pointer", "no record"])
    def test_what_would_only_come_back_stays(
        self, given_up: World, bolt_archive: BoltArchive, body: str
    ) -> None:
        given_up.sqs.send_message(QueueUrl=given_up.queues["dead-letters"], MessageBody=body)
        ended = bolt_archive("redrive")
        assert ended.status == 1
        assert body in ended.err
        assert given_up.messages("dead-letters") == [body]
        assert len(given_up.messages("runs")) == 1

    def test_an_archive_that_is_there_stays(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        archived.sqs.send_message(
            QueueUrl=archived.queues["dead-letters"], MessageBody=pointer_to(63187)
        )
        bolt_archive("redrive")
        assert archive_state(archived, 63187) == "archived"


class TestQuarantine:
    @pytest.fixture
    def quarantined(self, world: World) -> World:
        """Run 63187 with its id as text, and what is no JSON."""
        world.send(world.payload().replace(b'"id": 63187', b'"id": "63187"'))
        world.send(b"no \x1b[31mJSON")
        assert len(world.messages("quarantine")) == 2
        return world

    def test_delete_takes_the_named_one_alone(
        self, quarantined: World, bolt_archive: BoltArchive
    ) -> None:
        first, second = bolt_archive("quarantine", "list", "--json").json
        ended = bolt_archive("quarantine", "delete", first["name"])
        assert (ended.status, ended.out) == (0, f"deleted: {first['name']}\n")
        assert bolt_archive("quarantine", "list", "--json").json == [second]

    def test_delete_reports_a_name_that_is_not_there(
        self, quarantined: World, bolt_archive: BoltArchive
    ) -> None:
        ended = bolt_archive("quarantine", "delete", "msg_7.json")
        assert ended.status == 1
        assert "msg_7.json" in ended.err
        assert len(quarantined.messages("quarantine")) == 2

    def test_list_says_why(self, quarantined: World, bolt_archive: BoltArchive) -> None:
        first, second = bolt_archive("quarantine", "list", "--json").json
        assert first["reason"].startswith("id: ")
        assert "JSON" in second["reason"]
        assert len(bolt_archive("quarantine", "list").out.splitlines()) == 3

    def test_list_and_save_leave_them_there_for_others(
        self, quarantined: World, bolt_archive: BoltArchive
    ) -> None:
        bolt_archive("quarantine", "list")
        bolt_archive("quarantine", "save", "fixing")
        assert len(quarantined.messages("quarantine")) == 2

    def test_save_writes_the_bodies_as_they_came(
        self, quarantined: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        assert bolt_archive("quarantine", "save", "fixing").status == 0
        saved = {file.read_bytes() for file in (tmp_path / "fixing").iterdir()}
        assert b"no \x1b[31mJSON" in saved
        assert len(saved) == 2

    def test_save_leaves_alone_what_is_being_fixed(
        self, quarantined: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        [first, _] = bolt_archive("quarantine", "save", "fixing", "--json").json
        Path(first).write_text("half fixed")
        assert bolt_archive("quarantine", "save", "fixing", "--json").json == []
        assert Path(first).read_text() == "half fixed"

    def test_a_fixed_file_is_delivered_and_its_original_removed(
        self, quarantined: World, bolt_archive: BoltArchive
    ) -> None:
        [first, _] = bolt_archive("quarantine", "save", "fixing", "--json").json
        file = Path(first)
        file.write_bytes(file.read_bytes().replace(b'"id": "63187"', b'"id": 63187'))
        ended = bolt_archive("quarantine", "deliver", first)
        assert (ended.status, ended.out) == (0, f"{first}: delivered, run {UID}/63187\n")
        assert archive_state(quarantined, 63187) == "queued"
        assert len(quarantined.messages("quarantine")) == 1

    def test_a_file_that_is_not_fixed_is_not_sent(
        self, quarantined: World, bolt_archive: BoltArchive
    ) -> None:
        [first, _] = bolt_archive("quarantine", "save", "fixing", "--json").json
        ended = bolt_archive("quarantine", "deliver", first)
        assert ended.status == 1
        assert "id: " in ended.err
        assert len(quarantined.messages("quarantine")) == 2

    def test_a_file_with_another_name_is_not_sent(
        self, quarantined: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        (tmp_path / "mine.json").write_bytes(quarantined.payload())
        ended = bolt_archive("quarantine", "deliver", "mine.json")
        assert ended.status == 1
        assert "mine.json" in ended.err
        assert quarantined.records() == []

    def test_an_original_stays_if_the_webhook_does_not_store_the_file(
        self, quarantined: World, bolt_archive: BoltArchive
    ) -> None:
        [first, _] = bolt_archive("quarantine", "save", "fixing", "--json").json
        file = Path(first)
        file.write_bytes(file.read_bytes().replace(b'"id": "63187"', b'"id": 63187'))
        boto3.client("dynamodb").delete_table(TableName=quarantined.table)
        ended = bolt_archive("quarantine", "deliver", first)
        assert ended.status == 1
        assert "503" in ended.err
        assert len(quarantined.messages("quarantine")) == 2

    def test_a_message_that_holds_no_delivery_is_passed_over(
        self, quarantined: World, bolt_archive: BoltArchive
    ) -> None:
        quarantined.sqs.send_message(
            QueueUrl=quarantined.queues["quarantine"], MessageBody='{"body_gz": "e30="}'
        )
        ended = bolt_archive("quarantine", "list", "--json")
        assert (ended.status, len(ended.json)) == (0, 2)
        assert "is not a delivery" in ended.err


class TestRestore:
    @pytest.fixture
    def lost(self, recorded: World) -> World:
        """Runs 63187, 63188 and 63189 in a table `backup`, and 63189 in the stack's own alone."""
        dynamodb = boto3.client("dynamodb")
        schema = dynamodb.describe_table(TableName=recorded.table)["Table"]["KeySchema"]
        dynamodb.create_table(
            TableName="backup",
            KeySchema=schema,
            AttributeDefinitions=[{"AttributeName": "run_key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for item in recorded.records():
            dynamodb.put_item(TableName="backup", Item=item)
        for run_id in (63187, 63188):
            key = {"run_key": {"S": f"{UID}#{run_id}"}}
            dynamodb.delete_item(TableName=recorded.table, Key=key)
        return recorded

    def test_lost_records_are_as_they_were(self, lost: World, bolt_archive: BoltArchive) -> None:
        ended = bolt_archive("restore", "backup")
        assert (ended.status, ended.out) == (0, "2 records restored, 1 already there\n")
        kept = boto3.client("dynamodb").scan(TableName="backup")["Items"]
        assert sorted(map(str, lost.records())) == sorted(map(str, kept))

    def test_a_record_that_is_there_stays_as_it_is(
        self, lost: World, bolt_archive: BoltArchive
    ) -> None:
        lost.drain()
        bolt_archive("replay", "63189")
        bolt_archive("restore", "backup")
        assert archive_state(lost, 63189) == "queued"

    def test_a_second_time_there_is_nothing_to_restore(
        self, lost: World, bolt_archive: BoltArchive
    ) -> None:
        first = bolt_archive("restore", "backup", "--json").json
        assert first == {"restored": [f"{UID}/63187", f"{UID}/63188"], "there": 1}
        again = bolt_archive("restore", "backup", "--json").json
        assert again == {"restored": [], "there": 3}

    def test_a_table_of_something_else_is_refused(
        self, lost: World, bolt_archive: BoltArchive
    ) -> None:
        before = lost.records()
        lost.dynamodb.put_item(TableName="workspaces", Item={"workspace_uid": {"S": UID}})
        ended = bolt_archive("restore", "workspaces")
        assert ended.status == 1
        assert "workspaces holds an item that is not a run record" in ended.err
        assert lost.records() == before

    def test_a_missing_table_is_reported(self, lost: World, bolt_archive: BoltArchive) -> None:
        ended = bolt_archive("restore", "backups")
        assert ended.status == 1
        assert "ResourceNotFound" in ended.err
