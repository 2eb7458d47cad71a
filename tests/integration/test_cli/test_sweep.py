"""`sweep` and `runs --stale`: what no webhook told of, and what seems never to end."""

import json
import os
from datetime import timedelta

import boto3
import pytest

from functions.paradime import pace
from functions.sweep.settings import Settings
from local.standin.faults import GraphqlErrors
from tests.bolt_runs import WORKSPACE, completed_payload, new_run, started_payload
from tests.integration.lost_pointer import lose_pointer
from tests.integration.test_cli.conftest import BoltArchive
from tests.integration.world import World

DAYS = timedelta(days=1)


@pytest.fixture(autouse=True)
def _sweep_function(
    world: World, bolt_archive: BoltArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function with the settings of the world, and a workspace that is known."""
    monkeypatch.setattr(pace, "SECONDS_BETWEEN_CALLS", 0)
    monkeypatch.setenv("SWEEP_LOOKBACK_HOURS", "48")
    monkeypatch.setenv("STALE_HOURS", "24")
    role = boto3.client("iam").create_role(
        RoleName="sweep",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                },
            }
        ),
    )["Role"]["Arn"]
    boto3.client("lambda").create_function(
        FunctionName="sweep",
        Runtime="python3.13",
        Handler="functions.sweep.handler.handler",
        Role=role,
        Code={"ZipFile": b""},
        Environment={
            "Variables": {
                name.upper(): os.environ[name.upper()] for name in Settings.__struct_fields__
            }
        },
    )
    told = new_run(1, state="SUCCESS", return_codes=[0])
    world.standin.bolt.add(told)
    world.send(completed_payload(told, world.standin.api_url))


def test_runs_that_nothing_told_of_are_taken_in_and_archived(
    world: World, bolt_archive: BoltArchive
) -> None:
    world.standin.bolt.add(new_run(2))
    ended = bolt_archive("sweep")
    assert ended.status == 0
    assert f"imported: {WORKSPACE}/2, hourly run, failed" in ended.out
    assert "1 imported, 1 of them queued" in ended.out
    world.drain()
    record = world.record(f"{WORKSPACE}#2")
    assert record is not None
    assert record["archive_state"] == "archived"


def test_a_run_whose_pointer_was_lost_is_queued_again(
    world: World, bolt_archive: BoltArchive
) -> None:
    lose_pointer(world, new_run(2))
    ended = bolt_archive("sweep")
    assert f"queued again: {WORKSPACE}/2" in ended.out
    assert "1 queued again" in ended.out
    world.drain()
    record = world.record(f"{WORKSPACE}#2")
    assert record is not None
    assert record["archive_state"] == "archived"


def test_it_goes_back_no_further_than_records_are_kept(bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("sweep", "--since", "400d")
    assert (ended.status, "records are kept for 365 days" in ended.err) == (1, True)


def test_it_goes_back_as_far_as_it_is_told(world: World, bolt_archive: BoltArchive) -> None:
    world.standin.bolt.add(new_run(2, ended_ago=3 * DAYS))
    world.standin.bolt.add(new_run(3, ended_ago=31 * DAYS))
    assert bolt_archive("sweep", "--json").json == []
    assert [run["run"] for run in bolt_archive("sweep", "--since", "30d", "--json").json] == [
        f"{WORKSPACE}/2"
    ]


def test_a_dry_run_says_what_would_be_taken_in_and_writes_nothing(
    world: World, bolt_archive: BoltArchive
) -> None:
    world.standin.bolt.add(new_run(2))
    ended = bolt_archive("sweep", "--dry-run")
    assert f"would import: {WORKSPACE}/2, hourly run, failed" in ended.out
    assert world.record(f"{WORKSPACE}#2") is None
    assert world.messages("runs") == []


@pytest.mark.parametrize("named", ["nightly", "nightly run"], ids=["slug", "name"])
def test_one_schedule_can_be_swept_alone(
    world: World, bolt_archive: BoltArchive, named: str
) -> None:
    world.standin.bolt.add(new_run(2))
    world.standin.bolt.add(new_run(3, schedule="nightly"))
    found = bolt_archive("sweep", "--schedule", named, "--json").json
    assert found == [
        {
            "run": f"{WORKSPACE}/3",
            "schedule_name": "nightly run",
            "state": "failed",
            "queued": True,
        }
    ]


def test_a_fault_of_the_api_is_reported_and_costs_no_other_run(
    world: World, bolt_archive: BoltArchive
) -> None:
    world.standin.bolt.add(new_run(2))
    world.standin.bolt.add(new_run(3))
    world.standin.faults.add(GraphqlErrors(on="api:boltRunStatus:2", times=1))
    ended = bolt_archive("sweep")
    assert ended.status == 1
    assert f"run {WORKSPACE}/2: Paradime's API answered an error" in ended.err
    assert f"imported: {WORKSPACE}/3" in ended.out


def test_without_a_known_workspace_it_says_what_makes_one_known(
    world: World, bolt_archive: BoltArchive
) -> None:
    boto3.client("dynamodb").delete_item(
        TableName=world.workspaces_table, Key={"workspace_uid": {"S": WORKSPACE}}
    )
    ended = bolt_archive("sweep")
    assert ended.status == 1
    assert "api_url" in ended.err


def test_a_stack_of_another_version_is_named(bolt_archive: BoltArchive) -> None:
    boto3.client("lambda").update_function_configuration(
        FunctionName="sweep", Environment={"Variables": {"TABLE_NAME": "runs"}}
    )
    ended = bolt_archive("sweep")
    assert ended.status == 1
    assert "another version" in ended.err


def test_stale_runs_are_listed(world: World, bolt_archive: BoltArchive) -> None:
    for run_id, hours in ((2, 23), (3, 25)):
        run = new_run(run_id, state="RUNNING", ended_ago=timedelta(hours=hours))
        world.send(started_payload(run, world.standin.api_url))
    [_, found] = bolt_archive("runs", "--stale").out.splitlines()
    assert found.startswith(f"{WORKSPACE}/3")


def test_a_run_that_ended_is_not_stale(world: World, bolt_archive: BoltArchive) -> None:
    world.send(completed_payload(new_run(2, ended_ago=2 * DAYS), world.standin.api_url))
    assert "no runs" in bolt_archive("runs", "--stale").out
