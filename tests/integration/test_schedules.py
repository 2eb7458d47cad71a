"""What is announced of a schedule's runs, and the state that they leave, whatever their order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.aws.items import typed
from functions.aws.schedules import to_item
from functions.history.state import RunFacts, ScheduleState
from functions.history.telling import fingerprint, with_told
from local.standin.faults import Status
from tests.integration.nights import (
    CUSTOMERS,
    FAILS,
    FAILS_DIFFERENTLY,
    FAILS_THE_SAME,
    GOOD,
    ORDERS,
    PAYMENTS,
    RECOVERS,
    SCHEDULE,
    STORY,
    WORKSPACE,
    Night,
    add_all,
)
from tests.integration.sender import signed
from tests.integration.test_message import Inbox
from tests.integration.timeless import timeless_state
from tests.integration.world import World, forget_clients

SHUFFLED_STORIES = 30


@pytest.fixture
def inbox(world: World) -> Inbox:
    add_all(world.standin, STORY)
    inbox = Inbox(world)
    inbox.subscribe("everyone")
    return inbox


def deliver(world: World, night: Night, **changes: Any) -> int:
    body = night.payload(world.standin.api_url, **changes)
    status: int = world.send(body, signed(body, f"msg_{night.run_id}"))["statusCode"]
    return status


def play(world: World, nights: Sequence[Night]) -> None:
    """Each run is delivered and, if it is queued, fetched."""
    for night in nights:
        assert deliver(world, night) == 202
        world.drain()


def told(inbox: Inbox) -> dict[int, dict[str, Any]]:
    """The messages by run; no run has two."""
    contents = inbox.contents()
    by_run = {content["run"]["run_id"]: content for content in contents}
    assert len(by_run) == len(contents)
    return by_run


def kinds(inbox: Inbox) -> dict[int, str]:
    return {run: content["metadata"]["eventType"] for run, content in told(inbox).items()}


class TestInOrder:
    def test_exactly_what_is_new_is_announced(self, inbox: Inbox) -> None:
        play(inbox.world, STORY)
        assert kinds(inbox) == {
            FAILS.run_id: "run_failed",
            FAILS_DIFFERENTLY.run_id: "run_still_failing",
            RECOVERS.run_id: "run_recovered",
        }

    def test_the_message_says_what_is_new_what_is_fixed_and_since_when(self, inbox: Inbox) -> None:
        play(inbox.world, STORY)
        history = told(inbox)[FAILS_DIFFERENTLY.run_id]["history"]
        assert history["failing_since"] == "2026-03-03T02:00:00.000000Z"
        assert history["failed_in_a_row"] == 3
        assert (history["new"], history["new_count"]) == ([CUSTOMERS], 1)
        assert (history["still"], history["still_count"]) == ([ORDERS], 1)
        assert (history["fixed"], history["fixed_count"]) == ([PAYMENTS], 1)
        assert history["last_success"] == {
            "run_id": GOOD.run_id,
            "commit_hash": f"{GOOD.run_id:040x}",
            "ended_at": "2026-03-02T02:05:00.000000Z",
        }
        assert history["usual_seconds"] == 300
        assert history["compare_url"] == (
            f"https://git.example.com/acme/dbt/compare/{GOOD.run_id:040x}"
            f"...{FAILS_DIFFERENTLY.run_id:040x}"
        )

    def test_the_subjects_tell_the_story(self, inbox: Inbox) -> None:
        play(inbox.world, STORY)
        assert sorted(envelope["Subject"] for envelope in inbox.envelopes()) == [
            "demo-jaffle / nightly failed: orders and 1 more",
            "demo-jaffle / nightly recovered after 3 failed runs since Tue 02:00",
            "demo-jaffle / nightly still failing, 3rd run since Tue 02:00: orders and 1 more "
            "(1 new, 1 fixed)",
        ]

    def test_the_messages_of_a_failure_are_one_thread(self, inbox: Inbox) -> None:
        again = Night(5006, 96, (ORDERS,))
        play(inbox.world, [*STORY, again])
        threads = {run: content["metadata"]["threadId"] for run, content in told(inbox).items()}
        assert threads[FAILS.run_id] == threads[FAILS_DIFFERENTLY.run_id]
        assert threads[FAILS.run_id] == threads[RECOVERS.run_id] != threads[again.run_id]

    def test_the_state_says_what_people_ask(self, inbox: Inbox) -> None:
        play(inbox.world, STORY[:-1])
        state = inbox.world.schedule(SCHEDULE)
        assert state["failing_since"] == "2026-03-03T02:00:00.000000Z"
        assert state["failed_in_a_row"] == 3
        assert state["last_success"]["run_id"] == GOOD.run_id
        assert state["last_failure"]["run_id"] == FAILS_DIFFERENTLY.run_id
        assert state["last_failure"]["nodes"]
        play(inbox.world, STORY[-1:])
        state = inbox.world.schedule(SCHEDULE)
        assert state["failed_in_a_row"] == 0
        assert "failing_since" not in state
        assert state["last_success"]["commit_hash"] == f"{RECOVERS.run_id:040x}"

    def test_a_run_that_is_not_announced_is_archived_all_the_same(self, inbox: Inbox) -> None:
        play(inbox.world, STORY[:3])
        record = inbox.world.record(FAILS_THE_SAME.run_key)
        assert record is not None
        assert record["archive_state"] == "archived"
        assert record["messages"] == {"silent"}

    def test_a_success_that_ends_no_failure_is_neither_queued_nor_announced(
        self, inbox: Inbox
    ) -> None:
        for night in (GOOD, Night(5010, 24)):
            deliver(inbox.world, night)
        assert inbox.world.messages("runs") == []

    def test_a_second_success_is_not_announced(self, inbox: Inbox) -> None:
        play(inbox.world, [*STORY, Night(5010, 96)])
        assert 5010 not in kinds(inbox)

    def test_with_every_run_archived_a_recovery_is_announced_once(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ARCHIVE", "all")
        forget_clients()
        play(inbox.world, STORY)
        assert kinds(inbox)[RECOVERS.run_id] == "run_recovered"
        assert GOOD.run_id not in kinds(inbox)

    def test_a_canceled_run_changes_nothing(self, inbox: Inbox) -> None:
        play(inbox.world, [GOOD, FAILS])
        before = timeless_state(inbox.world.schedule(SCHEDULE))
        deliver(inbox.world, Night(5010, 30), status="canceled", commands=[])
        assert timeless_state(inbox.world.schedule(SCHEDULE)) == before


class TestReminders:
    @pytest.mark.parametrize(("hours", "expected"), [(23.9, False), (24, True)])
    def test_what_fails_the_same_is_announced_again_after_a_day(
        self, inbox: Inbox, hours: float, expected: bool
    ) -> None:
        later = replace(FAILS_THE_SAME, hours=FAILS.hours + hours)
        add_all(inbox.world.standin, [later])
        play(inbox.world, [GOOD, FAILS, later])
        assert (later.run_id in kinds(inbox)) is expected

    def test_the_day_begins_with_the_run_that_was_announced_last(self, inbox: Inbox) -> None:
        nights = [Night(5020 + n, 24 + 10 * n, (ORDERS,)) for n in range(7)]
        add_all(inbox.world.standin, nights)
        play(inbox.world, nights)
        assert list(kinds(inbox)) == [5020, 5023, 5026]

    def test_an_acknowledged_failure_is_not_announced_again(self, inbox: Inbox) -> None:
        later = replace(FAILS_THE_SAME, hours=FAILS.hours + 24)
        add_all(inbox.world.standin, [later])
        play(inbox.world, [GOOD, FAILS])
        acknowledge(inbox.world, until=later.start + timedelta(hours=1))
        play(inbox.world, [later])
        assert later.run_id not in kinds(inbox)

    def test_an_acknowledgment_ends_by_itself(self, inbox: Inbox) -> None:
        later = replace(FAILS_THE_SAME, hours=FAILS.hours + 24)
        add_all(inbox.world.standin, [later])
        play(inbox.world, [GOOD, FAILS])
        acknowledge(inbox.world, until=later.start - timedelta(hours=1))
        play(inbox.world, [later])
        assert kinds(inbox)[later.run_id] == "run_still_failing"

    def test_other_nodes_are_announced_in_spite_of_an_acknowledgment(self, inbox: Inbox) -> None:
        play(inbox.world, [GOOD, FAILS])
        acknowledge(inbox.world, until=RECOVERS.start)
        play(inbox.world, [FAILS_DIFFERENTLY])
        message = told(inbox)[FAILS_DIFFERENTLY.run_id]
        assert message["metadata"]["eventType"] == "run_still_failing"
        assert message["history"]["acknowledged"]["note"] == "on it"

    def test_a_success_ends_the_acknowledgment(self, inbox: Inbox) -> None:
        play(inbox.world, [GOOD, FAILS])
        acknowledge(inbox.world, until=RECOVERS.start + timedelta(days=9))
        play(inbox.world, [RECOVERS])
        assert "acknowledged" not in inbox.world.schedule(SCHEDULE)


def acknowledge(world: World, until: datetime) -> None:
    """What `bolt-archive ack` writes."""
    world.dynamodb.update_item(
        TableName=world.schedules_table,
        Key={
            "workspace_uid": {"S": WORKSPACE},
            "schedule_key": {"S": f"{WORKSPACE}#{SCHEDULE}"},
        },
        UpdateExpression="SET acknowledged = :acknowledged, version = version + :one",
        ExpressionAttributeValues={
            ":acknowledged": {
                "M": {"until": {"S": f"{until.isoformat()}Z"}, "note": {"S": "on it"}}
            },
            ":one": {"N": "1"},
        },
    )


class TestInAnyOrder:
    def test_the_state_is_the_same_and_no_run_is_announced_twice(
        self, inbox: Inbox, figure: Callable[[str], None]
    ) -> None:
        world = inbox.world
        play(world, STORY)
        expected = timeless_state(world.schedule(SCHEDULE))
        runs = 0

        @settings(max_examples=SHUFFLED_STORIES, deadline=None, database=None)
        @given(
            order=st.permutations([*STORY, *STORY]),
            fetch_late=st.lists(st.booleans(), min_size=10, max_size=10),
        )
        def check(order: list[Night], fetch_late: list[bool]) -> None:
            nonlocal runs
            world.clear()
            for night, late in zip(order, fetch_late, strict=True):
                deliver(world, night)
                runs += 1
                if not late:
                    world.drain()
            world.drain()
            assert timeless_state(world.schedule(SCHEDULE)) == expected
            said = [content["metadata"]["eventType"] for content in inbox.contents()]
            assert told(inbox)
            if "run_still_failing" in said:
                assert "run_failed" in said

        check()
        figure(
            f"order: {SHUFFLED_STORIES} stories of a schedule, shuffled and each run twice, "
            f"{runs:,} deliveries: 0 states differ, no run announced twice"
        )

    def test_an_older_failure_is_not_announced_after_a_newer_success(self, inbox: Inbox) -> None:
        play(inbox.world, [RECOVERS, FAILS])
        assert kinds(inbox) == {RECOVERS.run_id: "run_recovered"}

    def test_an_older_failure_is_not_announced_after_a_newer_one(self, inbox: Inbox) -> None:
        play(inbox.world, [FAILS_DIFFERENTLY, FAILS])
        assert kinds(inbox) == {FAILS_DIFFERENTLY.run_id: "run_failed"}

    def test_a_failure_that_arrives_late_announces_the_success_after_it(self, inbox: Inbox) -> None:
        play(inbox.world, [GOOD, RECOVERS])
        assert kinds(inbox) == {}
        play(inbox.world, [FAILS])
        [message] = told(inbox).values()
        assert message["run"]["run_id"] == RECOVERS.run_id
        assert message["history"]["failing_since"] == "2026-03-03T02:00:00.000000Z"

    def test_a_success_that_turns_out_a_failure_is_announced_as_such(self, inbox: Inbox) -> None:
        """The sweep's API knows less than the webhook."""
        night = replace(FAILS, run_id=RECOVERS.run_id, hours=RECOVERS.hours)
        play(inbox.world, [GOOD, FAILS, RECOVERS])
        add_all(inbox.world.standin, [night])
        play(inbox.world, [night])
        assert inbox.world.schedule(SCHEDULE)["failed_in_a_row"] == 2
        assert ("run_failed", night.run_id) in {
            (content["metadata"]["eventType"], content["run"]["run_id"])
            for content in inbox.contents()
        }
        assert inbox.world.schedule(SCHEDULE)["last_success"] == {
            "run_id": GOOD.run_id,
            "commit_hash": f"{GOOD.run_id:040x}",
            "ended_at": "2026-03-02T02:05:00.000000Z",
        }

    def test_many_at_once_lose_none(self, inbox: Inbox) -> None:
        """Each finds, between its read and its write, that another has written."""
        nights = [Night(5100 + n, n) for n in range(8)]
        make: Any = BaseClient._make_api_call  # type: ignore[attr-defined]
        waiting = list(nights[1:])

        def call(client: Any, operation: str, arguments: Any) -> Any:
            if operation == "PutItem" and waiting:
                deliver(inbox.world, waiting.pop())
            return make(client, operation, arguments)

        with patch.object(BaseClient, "_make_api_call", call):
            deliver(inbox.world, nights[0])
        state = timeless_state(inbox.world.schedule(SCHEDULE))
        inbox.world.clear()
        play(inbox.world, nights)
        assert timeless_state(inbox.world.schedule(SCHEDULE)) == state


class TestUnknownNodes:
    def test_a_run_told_while_incomplete_claims_no_new_and_no_fixed_nodes(
        self, inbox: Inbox
    ) -> None:
        play(inbox.world, [GOOD, FAILS])
        resource = FAILS_DIFFERENTLY.results().id
        inbox.world.standin.faults.add(Status(on=f"download:{resource}", status=429, times=1))
        deliver(inbox.world, FAILS_DIFFERENTLY)
        assert inbox.world.receive()
        message = told(inbox)[FAILS_DIFFERENTLY.run_id]
        assert message["metadata"]["eventType"] == "run_still_failing"
        assert message["history"]["new_count"] == message["history"]["fixed_count"] == 0

    def test_once_they_are_known_the_next_run_is_compared_with_them(self, inbox: Inbox) -> None:
        resource = FAILS.results().id
        inbox.world.standin.faults.add(Status(on=f"download:{resource}", status=429, times=1))
        play(inbox.world, [GOOD, FAILS, FAILS_THE_SAME])
        assert FAILS_THE_SAME.run_id not in kinds(inbox)


class TestTheTableFails:
    def test_a_failure_is_announced_without_its_schedules_state(self, inbox: Inbox) -> None:
        with table_out_of_order(inbox.world):
            assert deliver(inbox.world, FAILS) == 503
            inbox.world.drain()
        assert kinds(inbox) == {FAILS.run_id: "run_failed"}

    def test_the_delivery_that_comes_again_mends_the_state(self, inbox: Inbox) -> None:
        with table_out_of_order(inbox.world):
            deliver(inbox.world, FAILS)
        deliver(inbox.world, FAILS)
        assert inbox.world.schedule(SCHEDULE)["failed_in_a_row"] == 1


def table_out_of_order(world: World) -> Any:
    make: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, operation: str, arguments: Any) -> Any:
        if arguments.get("TableName") == world.schedules_table:
            raise ClientError({"Error": {"Code": "ProvisionedThroughputExceeded"}}, operation)
        return make(client, operation, arguments)

    return patch.object(BaseClient, "_make_api_call", call)


class TestUpgrade:
    """Records of a version that kept no states."""

    def test_old_records_get_a_state_with_the_next_run(self, inbox: Inbox) -> None:
        play(inbox.world, [GOOD, FAILS, FAILS_THE_SAME])
        expected = timeless_state(inbox.world.schedule(SCHEDULE))
        for item in inbox.world.dynamodb.scan(TableName=inbox.world.schedules_table)["Items"]:
            key = {name: item[name] for name in ("workspace_uid", "schedule_key")}
            inbox.world.dynamodb.delete_item(TableName=inbox.world.schedules_table, Key=key)
        deliver(inbox.world, FAILS_THE_SAME)
        state = timeless_state(inbox.world.schedule(SCHEDULE))
        del expected["last_failure"]["nodes"]
        assert state == expected

    def test_what_failed_before_is_still_failing(self, inbox: Inbox) -> None:
        play(inbox.world, [GOOD, FAILS])
        self.forget(inbox.world)
        play(inbox.world, [FAILS_DIFFERENTLY])
        assert kinds(inbox)[FAILS_DIFFERENTLY.run_id] == "run_still_failing"

    def test_what_had_recovered_before_is_not_announced(self, inbox: Inbox) -> None:
        play(inbox.world, [GOOD, FAILS, RECOVERS])
        self.forget(inbox.world)
        seen = len(inbox.contents())
        play(inbox.world, [Night(5010, 96)])
        assert len(inbox.contents()) == seen

    @staticmethod
    def forget(world: World) -> None:
        for item in world.dynamodb.scan(TableName=world.schedules_table)["Items"]:
            key = {name: item[name] for name in ("workspace_uid", "schedule_key")}
            world.dynamodb.delete_item(TableName=world.schedules_table, Key=key)


def test_a_state_costs_one_write_unit() -> None:
    """DynamoDB bills a write by the kilobyte."""
    state = ScheduleState()
    start = datetime(2026, 3, 2, 2, 0, 1, 476190, tzinfo=UTC)
    for night in range(60):
        run = RunFacts(
            run_id=63187 + 131 * night,
            started_at=start + timedelta(days=night, microseconds=night * 7919 % 999_983),
            outcome="failed" if night % 3 == 2 else "succeeded",
            ended_at="2026-03-02T02:05:00.000000Z",
            seconds=300 + night * 37 % 100,
            commit_hash="54a1345" * 5 + "abcde",
        )
        state = state.with_run(run)
        state = with_told(state, run, fingerprint(["x"]), remind=timedelta(hours=24))
    item = typed(
        to_item(state)
        | {
            "workspace_uid": "n0sg8br1m44k0ryj",
            "schedule_key": "n0sg8br1m44k0ryj#finance_marts_daily_production",
            "version": 1234,
            "expires_at": 1_800_000_000,
        }
    )
    assert item_bytes(item) <= 1024


def item_bytes(item: dict[str, Any]) -> int:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""

    def size(value: dict[str, Any]) -> int:
        [(kind, content)] = value.items()
        match kind:
            case "M":
                return 3 + sum(len(name) + 1 + size(member) for name, member in content.items())
            case "N":
                return 1 + (len(content) + 1) // 2
            case _:
                return len(content)

    return sum(len(name) + size(value) for name, value in item.items())
