"""`logs`, `sql`, `history`, `dead-letters`: what one asks at night is answered by one command."""

import json
from typing import Any

import boto3
import pytest

from functions.intake.pointer import Pointer
from tests.integration.test_cli.conftest import BoltArchive
from tests.integration.world import World

UID = "n0sg8br1m44k0ryj"
NODE = "customer_lifetime_value"


def set_in_record(world: World, run_id: int, **attributes: Any) -> None:
    boto3.resource("dynamodb").Table(world.table).update_item(
        Key={"run_key": f"{UID}#{run_id}"},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames={f"#{name}": name for name in attributes},
        ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
    )


def put(world: World, suffix: str, body: bytes) -> None:
    [key] = [key for key in world.objects() if key.endswith(suffix)]
    boto3.client("s3").put_object(Bucket=world.bucket, Key=key, Body=body)


class TestLogs:
    def test_those_of_failed_commands(self, archived: World, bolt_archive: BoltArchive) -> None:
        ended = bolt_archive("logs", "63187", "--failed")
        assert ended.status == 0
        assert "Binder Error" in ended.out
        assert "==>" not in ended.out

    def test_those_of_all_commands_stand_below_their_names(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        lines = bolt_archive("logs", "63187").out.splitlines()
        assert [line for line in lines if line.startswith("==> ")] == [
            "==> 01-git-clone-193439/stderr.log <==",
            "==> 02-dbt-deps-193440/stdout.log <==",
            "==> 03-dbt-seed-193441/stdout.log <==",
            "==> 04-dbt-run-193442/stdout.log <==",
        ]

    def test_those_of_one_command(self, archived: World, bolt_archive: BoltArchive) -> None:
        assert bolt_archive("logs", "63187", "1").out.startswith("Cloning into")

    def test_a_place_without_a_command(self, archived: World, bolt_archive: BoltArchive) -> None:
        ended = bolt_archive("logs", "63187", "5")
        assert (ended.status, ended.out) == (1, "")
        assert "4 commands" in ended.err

    def test_without_a_run_it_is_the_one_that_failed_last(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        archived.drain()
        ended = bolt_archive("logs", "--failed")
        assert "63188" in ended.err
        assert "assert_payments_are_positive" in ended.out

    def test_escape_sequences_are_left_out(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        log = "\x1b]0;owned\x07\x1b[31mred\x1b[0m ❄\n".encode() * 100_000
        put(archived, "63187/04-dbt-run-193442/stdout.log", log)
        shown = bolt_archive("logs", "63187", "4").out
        assert shown == "red ❄\n" * 100_000

    def test_a_log_without_line_ends_is_whole(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        put(archived, "63187/04-dbt-run-193442/stdout.log", b"x" * 3_000_000)
        assert bolt_archive("logs", "63187", "4").out == "x" * 3_000_000 + "\n"

    def test_json_has_them_by_command(self, archived: World, bolt_archive: BoltArchive) -> None:
        stderr, stdout = sorted(
            bolt_archive("logs", "63187", "4", "--json").json, key=lambda log: str(log["path"])
        )
        assert (stdout["command"], stdout["path"]) == (4, "stdout.log")
        assert "Binder Error" in stdout["text"]
        assert stderr["text"] == ""

    def test_a_missing_one_is_named_with_its_reason(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        [inventory] = [key for key in archived.objects() if key.endswith("63187/archive.json")]
        listed = json.loads(archived.objects()[inventory])
        lost = [file for file in listed["files"] if "04-dbt-run-193442/std" in file["key"]]
        listed["files"] = [file for file in listed["files"] if file not in lost]
        listed["missing"] = [file | {"reason": "Paradime forgot it"} for file in lost]
        for file in listed["missing"]:
            del file["sha256"]
        put(archived, "63187/archive.json", json.dumps(listed).encode())
        ended = bolt_archive("logs", "63187", "4")
        assert (ended.status, ended.out) == (1, "")
        assert "no stdout.log of command 4: Paradime forgot it" in ended.err

    def test_of_a_run_that_was_not_archived(
        self, recorded: World, bolt_archive: BoltArchive
    ) -> None:
        ended = bolt_archive("logs", "63189")
        assert ended.status == 1
        assert "bolt-archive replay" in ended.err

    @pytest.mark.parametrize("command", ["logs", "show"])
    @pytest.mark.parametrize(("run", "status"), [("63187", 1), ("63189", 0)])
    def test_the_exit_status_can_be_that_of_the_run(
        self,
        archived: World,
        bolt_archive: BoltArchive,
        command: str,
        run: str,
        status: int,
    ) -> None:
        bolt_archive("replay", "63189")
        archived.drain()
        assert bolt_archive(command, run).status == 0
        assert bolt_archive(command, run, "--exit-status").status == status


class TestSql:
    @pytest.mark.parametrize("node", [NODE, f"model.jaffle.{NODE}"])
    def test_it_is_that_of_the_results(
        self, archived: World, bolt_archive: BoltArchive, node: str
    ) -> None:
        ended = bolt_archive("sql", "63187", node)
        assert ended.out.startswith("select\n")
        assert "sum(orders.amount_usd)" in ended.out

    def test_where_results_lack_it_it_is_that_of_the_compiled_file(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        [inventory] = [key for key in archived.objects() if key.endswith("63187/archive.json")]
        listed = json.loads(archived.objects()[inventory])
        file = listed["files"][-1]
        key = file["key"].rpartition("/")[0] + f"/compiled/jaffle/models/{NODE}.sql"
        listed["files"].append(
            file | {"key": key, "path": f"target/compiled/jaffle/models/{NODE}.sql"}
        )
        boto3.client("s3").put_object(Bucket=archived.bucket, Key=key, Body=b"select 1")
        put(archived, "63187/archive.json", json.dumps(listed).encode())
        put(archived, "63187/04-dbt-run-193442/target/run_results.json", b'{"results": [7]}')
        assert bolt_archive("sql", "63187", NODE).out == "select 1\n"

    def test_a_name_with_a_slip_is_answered_with_similar_ones(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        ended = bolt_archive("sql", "63187", "customers_lifetime_value")
        assert (ended.status, ended.out) == (1, "")
        assert NODE in ended.err

    def test_json_says_which_command(self, archived: World, bolt_archive: BoltArchive) -> None:
        found = bolt_archive("sql", "63187", NODE, "--json").json
        assert (found["run"], found["command"]) == (f"{UID}/63187", 4)
        assert found["unique_id"] == f"model.jaffle.{NODE}"


class TestHistory:
    def test_of_a_schedule(self, archived: World, bolt_archive: BoltArchive) -> None:
        archived.drain()
        shown = bolt_archive("history", "daily_run").out
        assert shown.startswith("daily_run: not failing\n")
        assert "x.  (2 runs, the latest on the right; x failed)" in shown
        assert f"{NODE}: Binder Error" in shown

    def test_of_a_schedule_as_json(self, archived: World, bolt_archive: BoltArchive) -> None:
        archived.drain()
        last, first = bolt_archive("history", "daily_run", "--json").json
        assert (last["run"], last["state"], last["why"]) == (f"{UID}/63189", "succeeded", None)
        assert NODE in first["why"]

    @pytest.mark.parametrize("node", [NODE, f"model.jaffle.{NODE}"])
    def test_of_a_node(self, archived: World, bolt_archive: BoltArchive, node: str) -> None:
        shown = bolt_archive("history", node).out
        assert shown.startswith(f"{node} failed in 1 of the last 2 failed runs\n")
        assert "63187" in shown

    def test_a_node_beyond_those_that_the_record_lists_is_found(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        """The record lists the first 20 failures."""
        set_in_record(archived, 63187, failures=[{"unique_id": "model.a.b"}], failure_count=25)
        [found] = bolt_archive("history", NODE, "--json").json
        assert found["failure"]["status"] == "error"

    def test_of_what_nobody_knows(self, archived: World, bolt_archive: BoltArchive) -> None:
        ended = bolt_archive("history", "nothing")
        assert ended.status == 1
        assert "no schedule is named nothing" in ended.err


class TestDeadLetters:
    @pytest.fixture
    def given_up(self, world: World) -> World:
        body = json.loads(world.payload()) | {"api_url": "https://example.com/graphql"}
        world.send(json.dumps(body).encode())
        world.drain()
        world.sqs.send_message(
            QueueUrl=world.queues["dead-letters"],
            MessageBody=Pointer(workspace_uid=UID, run_id=7).to_json(),
        )
        return world

    def test_they_are_listed_with_their_reasons(
        self, given_up: World, bolt_archive: BoltArchive
    ) -> None:
        listed = bolt_archive("dead-letters").out.splitlines()
        [line] = [line for line in listed if f"{UID}/63187" in line]
        assert "daily_run" in line
        assert "example.com" in line
        assert any("no record of run" in line for line in listed)

    def test_looking_takes_none_away(self, given_up: World, bolt_archive: BoltArchive) -> None:
        bolt_archive("dead-letters")
        assert len(given_up.messages("dead-letters")) == 2

    def test_a_dry_run_names_what_would_be_sent_and_sends_nothing(
        self, given_up: World, bolt_archive: BoltArchive
    ) -> None:
        ended = bolt_archive("redrive", "--dry-run")
        assert f"would be sent back: {UID}/63187" in ended.out
        assert len(given_up.messages("dead-letters")) == 2
        assert given_up.messages("runs") == []
