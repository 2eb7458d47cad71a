"""`ack`, and where a schedule's state is shown."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.nights import FAILS, GOOD, RECOVERS, SCHEDULE, WORKSPACE
from tests.integration.test_cli.conftest import BoltArchive
from tests.integration.test_schedules import play
from tests.integration.world import World


@pytest.fixture
def failing(world: World, bolt_archive: BoltArchive) -> World:
    for night in (GOOD, FAILS, RECOVERS):
        night.add_to(world.standin)
    play(world, [GOOD, FAILS])
    return world


def test_an_acknowledgment_says_until_when_and_why(
    failing: World, bolt_archive: BoltArchive
) -> None:
    ended = bolt_archive("ack", SCHEDULE, "--until", "2d", "--note", "vendor is on it")
    assert ended.status == 0
    in_two_days = datetime.now(UTC) + timedelta(days=2)
    assert f"acknowledged until {in_two_days:%Y-%m-%d %H:}" in ended.out
    assert ended.out.strip().endswith("vendor is on it")
    acknowledged = failing.schedule(SCHEDULE)["acknowledged"]
    assert acknowledged["note"] == "vendor is on it"


def test_without_until_it_holds_for_a_day(failing: World, bolt_archive: BoltArchive) -> None:
    answer = bolt_archive("ack", SCHEDULE, "--json").json
    until = datetime.fromisoformat(answer["acknowledged"]["until"])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)


@pytest.mark.parametrize("command", ["runs", "show"])
def test_runs_and_show_say_that_the_schedule_fails_and_who_knows(
    failing: World, bolt_archive: BoltArchive, command: str
) -> None:
    bolt_archive("ack", SCHEDULE, "--note", "on it")
    ended = bolt_archive(command, *([str(FAILS.run_id)] if command == "show" else []))
    said = " ".join((ended.out + ended.err).split())
    assert "failing since 2026-03-03 02:00:00, 1 run in a row; acknowledged until" in said
    assert "on it" in said


def test_show_says_what_the_state_is_as_json(failing: World, bolt_archive: BoltArchive) -> None:
    schedule = bolt_archive("show", str(FAILS.run_id), "--json").json["schedule"]
    assert schedule["failed_in_a_row"] == 1
    assert schedule["last_success"]["run_id"] == GOOD.run_id
    assert "runs" not in schedule


def test_it_can_be_ended(failing: World, bolt_archive: BoltArchive) -> None:
    bolt_archive("ack", SCHEDULE)
    ended = bolt_archive("ack", SCHEDULE, "--end")
    assert ended.status == 0
    assert "acknowledged" not in ended.out
    assert "acknowledged" not in failing.schedule(SCHEDULE)


def test_a_schedule_that_does_not_fail_has_nothing_to_acknowledge(
    failing: World, bolt_archive: BoltArchive
) -> None:
    play(failing, [RECOVERS])
    ended = bolt_archive("ack", SCHEDULE)
    assert (ended.status, ended.out) == (1, "")
    assert "does not fail" in ended.err


def test_an_unknown_schedule_is_named(failing: World, bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("ack", "no_such")
    assert ended.status == 1
    assert "no run of a schedule no_such has ended" in ended.err


def test_of_two_workspaces_with_such_a_schedule_one_is_chosen(
    failing: World, bolt_archive: BoltArchive
) -> None:
    item = failing.dynamodb.scan(TableName=failing.schedules_table)["Items"][0]
    item |= {"workspace_uid": {"S": "other"}, "schedule_key": {"S": f"other#{SCHEDULE}"}}
    failing.dynamodb.put_item(TableName=failing.schedules_table, Item=item)
    refused = bolt_archive("ack", SCHEDULE)
    assert refused.status == 1
    assert "--workspace" in refused.err
    assert bolt_archive("ack", SCHEDULE, "--workspace", WORKSPACE).status == 0
    assert "acknowledged" in failing.schedule(SCHEDULE)
    assert "acknowledged" not in failing.schedule(SCHEDULE, "other")


@pytest.mark.parametrize("until", ["soon", "2020-01-01", "2x"])
def test_a_time_that_is_none_or_over_is_refused(
    failing: World, bolt_archive: BoltArchive, until: str
) -> None:
    assert bolt_archive("ack", SCHEDULE, "--until", until).status == 2
