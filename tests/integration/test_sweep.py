"""Runs of which no webhook came, found by a sweep: the three handlers on moto and the stand-in."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, product
from typing import Any
from unittest.mock import ANY, patch

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.aws.schedules import ScheduleKey, SchedulesTable
from functions.aws.table import RunsTable
from functions.history.state import ScheduleState
from functions.paradime import bolt as queries
from functions.paradime import pace
from functions.run.display import clock
from functions.shared.errors import UnavailableError
from functions.sweep import handler as sweep
from functions.sweep.workspaces import Workspace
from local.standin import Run, Schedule, Standin
from local.standin.credentials import DEFAULT_CREDENTIALS
from local.standin.faults import GraphqlErrors, NotOk, Status
from tests.bolt_runs import completed_payload, new_run, real_run, started_payload
from tests.integration.calls import Watch
from tests.integration.lost_pointer import let_it_be, lose_pointer
from tests.integration.stops import SIDES, ProcessStopped, StopAt
from tests.integration.test_message import Inbox
from tests.integration.timeless import timeless_state
from tests.integration.world import Context, World, forget_clients

UID = "n0sg8br1m44k0ryj"
PAIR = {
    "api_key": DEFAULT_CREDENTIALS.api_key,
    "api_secret": DEFAULT_CREDENTIALS.api_secret,
}
WRITES = {"UpdateItem", "PutItem", "DeleteItem", "SendMessage"}


@dataclass
class Bolt:
    """The world with a workspace that is known, and whose runs are the test's own."""

    world: World

    def has(self, *runs: Run) -> None:
        for run in runs:
            self.world.standin.bolt.add(run)

    def tells(self, run: Run, **changes: Any) -> None:
        """Paradime's webhook delivers a run's end."""
        self.has(run)
        payload = json.loads(completed_payload(run, self.world.standin.api_url))
        self._send(json.dumps(payload | changes).encode())

    def tells_start(self, run: Run) -> None:
        self.has(run)
        self._send(started_payload(run, self.world.standin.api_url))

    def record(self, run_id: int) -> dict[str, Any] | None:
        return self.world.record(f"{UID}#{run_id}")

    def state(self, run_id: int) -> tuple[str | None, str | None]:
        record = self.record(run_id) or {}
        return record.get("state"), record.get("archive_state")

    def workspace(self) -> Any:
        return boto3.client("dynamodb").get_item(
            TableName=self.world.workspaces_table, Key={"workspace_uid": {"S": UID}}
        )["Item"]

    def _send(self, body: bytes) -> None:
        assert self.world.send(body)["statusCode"] == 202


@pytest.fixture
def bolt(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bolt]:
    monkeypatch.setattr(pace, "SECONDS_BETWEEN_CALLS", 0)
    monkeypatch.setenv("SWEEP_LOOKBACK_HOURS", "48")
    monkeypatch.setenv("STALE_HOURS", "24")
    sweep.worker.cache_clear()
    bolt = Bolt(world)
    bolt.tells(new_run(1, state="SUCCESS", return_codes=[0], ended_ago=timedelta(hours=40)))
    yield bolt
    sweep.worker.cache_clear()


def swept(context: Context | None = None) -> Any:
    """A sweep in a process of its own; its tally."""
    sweep.worker.cache_clear()
    return sweep.handler({}, context or Context())


@contextmanager
def aws_calls(refused: str | None = None) -> Iterator[Counter[str]]:
    """Counts the calls of AWS by their names; those of the name `refused` fail."""
    calls: Counter[str] = Counter()
    make: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(client: Any, operation: str, arguments: Any) -> Any:
        calls[operation] += 1
        if operation == refused:
            raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, operation)
        return make(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", counted):
        yield calls


def test_a_failed_run_that_nothing_told_of_is_archived(bolt: Bolt) -> None:
    bolt.has(new_run(2))
    assert swept()["missing"] == 1
    bolt.world.drain()
    assert bolt.state(2) == ("failed", "archived")


def test_a_succeeded_run_is_recorded_and_not_archived(bolt: Bolt) -> None:
    bolt.has(new_run(2, state="SUCCESS", return_codes=[0]))
    swept()
    assert bolt.state(2) == ("succeeded", None)
    assert bolt.world.messages("runs") == []


def test_with_archive_all_a_succeeded_run_is_archived(
    bolt: Bolt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE", "all")
    bolt.has(new_run(2, state="SUCCESS", return_codes=[0]))
    swept()
    bolt.world.drain()
    assert bolt.state(2) == ("succeeded", "archived")


def test_with_history_all_a_succeeded_run_is_not_archived_but_has_rows(
    bolt: Bolt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HISTORY", "all")
    bolt.has(new_run(2, state="SUCCESS", return_codes=[0]))
    swept()
    bolt.world.drain()
    assert bolt.state(2) == ("succeeded", None)
    assert any(key.endswith("-2.jsonl.gz") for key in bolt.world.object_keys())


def test_the_archive_has_the_same_files_as_after_a_webhook(bolt: Bolt) -> None:
    run = real_run(63187)
    bolt.tells(run)
    bolt.world.drain()
    told = bolt.world.objects()
    bolt.world.clear()
    swept()
    bolt.world.drain()
    found = bolt.world.objects()
    assert found.keys() == told.keys()
    changed = {key.rpartition("/")[2] for key in told if told[key] != found[key]}
    # The rows have the commit, which this delivery leaves out and the API knows.
    rows = "n0sg8br1m44k0ryj-63187.jsonl.gz"
    assert changed == {"event.json", "archive.json", "index.html", rows}


def test_event_json_is_what_the_api_said_and_marked_as_such(bolt: Bolt) -> None:
    bolt.has(run := new_run(2))
    swept()
    bolt.world.drain()
    [event] = [
        json.loads(body)
        for key, body in bolt.world.objects().items()
        if key.endswith("/2/event.json")
    ]
    assert event["source"] == "sweep"
    assert (event["start_dttm"], event["end_dttm"]) == (run.start_dttm, run.end_dttm)
    assert [command["id"] for command in event["commands"]] == [200, 201]
    assert event["commands"][1]["json_resources"] == [
        {"id": 201, "path": "target/run_results.json"}
    ]


def test_the_same_api_gives_the_same_bytes(bolt: Bolt) -> None:
    bolt.has(new_run(2))
    swept()
    first = bolt.record(2)
    bolt.world.clear()
    swept()
    second = bolt.record(2)
    assert first is not None
    assert second is not None
    assert first["event_gz"] == second["event_gz"]
    assert first["event_rank"] == second["event_rank"]


def test_a_second_sweep_finds_nothing_and_writes_nothing(bolt: Bolt) -> None:
    bolt.has(new_run(2), new_run(3, state="SUCCESS", return_codes=[0]))
    swept()
    bolt.world.drain()
    with aws_calls() as calls:
        assert swept()["missing"] == 0
    assert not WRITES & calls.keys()


@pytest.mark.parametrize("state", ["CANCELED", "SKIPPED", "ERROR"])
def test_a_run_that_ended_without_end_or_command_is_taken_in_once(bolt: Bolt, state: str) -> None:
    bolt.has(replace(new_run(2, state=state, return_codes=[]), end_dttm=None))
    assert swept()["missing"] == 1
    assert swept()["missing"] == 0
    record = bolt.record(2)
    assert record is not None
    assert record["reported_status"] == state.lower()


def test_a_run_whose_start_alone_was_told_is_completed(bolt: Bolt) -> None:
    bolt.tells_start(new_run(2))
    swept()
    assert bolt.state(2) == ("failed", "queued")


def test_a_run_whose_end_was_told_as_running_is_completed(bolt: Bolt) -> None:
    run = new_run(2, return_codes=[0, 0])
    bolt.tells(run, status="running")
    assert bolt.state(2) == ("running", None)
    assert swept()["missing"] == 1
    assert bolt.state(2) == ("failed", "queued")


@pytest.mark.parametrize("name", ["status", "schedule_name"])
def test_a_run_told_with_an_empty_text_does_not_stop_it(bolt: Bolt, name: str) -> None:
    bolt.tells(new_run(2), **{name: ""})
    bolt.has(new_run(3))
    assert swept()["faults"] == 0
    assert bolt.state(3) == ("failed", "queued")


def test_a_run_that_ended_just_now_is_left_to_its_webhook(bolt: Bolt) -> None:
    bolt.has(new_run(2, ended_ago=timedelta(minutes=5)))
    assert swept()["missing"] == 0


def test_a_run_under_way_is_left_alone(bolt: Bolt) -> None:
    bolt.tells_start(new_run(2, state="RUNNING"))
    swept()
    assert bolt.state(2) == ("running", None)


def test_a_run_from_before_the_lookback_is_left_alone(bolt: Bolt) -> None:
    bolt.has(new_run(2, ended_ago=timedelta(hours=49)), new_run(3))
    swept()
    assert bolt.record(2) is None
    assert bolt.record(3) is not None


def test_a_schedule_that_has_not_run_lately_costs_no_call(bolt: Bolt) -> None:
    bolt.has(new_run(2, schedule="old", ended_ago=timedelta(hours=49)))
    bolt.world.standin.requests.clear()
    swept()
    assert bolt.world.standin.requests.count("api:listBoltRuns:old") == 0
    assert bolt.world.standin.requests.count("api:listBoltRuns:hourly") == 1


def test_runs_of_an_inactive_schedule_are_found(bolt: Bolt) -> None:
    bolt.has(new_run(2, schedule="deleted"))
    bolt.world.standin.bolt.add_schedule(Schedule(slug="deleted", name="deleted run", active=False))
    swept()
    assert bolt.record(2) is not None


@pytest.mark.parametrize("count", [5, 6, 7])
def test_every_page_of_runs_is_read(
    bolt: Bolt, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(queries, "PAGE", 3)
    ages = [timedelta(minutes=20 + n) for n in range(count)]
    bolt.has(*(new_run(10 + n, return_codes=[], ended_ago=age) for n, age in enumerate(ages)))
    assert swept()["missing"] == count


@pytest.mark.parametrize("count", [5, 6, 7])
def test_every_page_of_schedules_is_read(
    bolt: Bolt, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(queries, "PAGE", 3)
    bolt.has(*(new_run(10 + n, schedule=f"{n}", return_codes=[]) for n in range(count)))
    assert swept()["missing"] == count


def test_a_webhook_that_comes_later_fetches_nothing_again(bolt: Bolt) -> None:
    run = new_run(2)
    bolt.has(run)
    swept()
    bolt.world.drain()
    found = bolt.world.objects()
    bolt.world.standin.requests.clear()
    bolt.tells(run)
    bolt.world.drain()
    assert bolt.state(2) == ("failed", "archived")
    assert bolt.world.objects().keys() == found.keys()
    assert not [
        operation
        for request in bolt.world.standin.requests
        for operation in request.operations
        if operation.startswith("download:")
    ]


def test_a_webhook_that_comes_later_is_what_the_record_says(bolt: Bolt) -> None:
    bolt.has(run := new_run(2))
    swept()
    bolt.tells(run)
    record = bolt.record(2)
    assert record is not None
    assert record["source"] == "webhook"
    assert record["run_url"] == "https://app.demo.paradime.io/bolt/run_id/2"


class TestLostPointers:
    """A run that is recorded as queued is not settled: its pointer may have been lost."""

    def test_it_is_sent_again(self, bolt: Bolt) -> None:
        lose_pointer(bolt.world, new_run(2))
        assert swept()["requeued"] == 1
        bolt.world.drain()
        assert bolt.state(2) == ("failed", "archived")

    def test_it_is_sent_again_once_in_a_while(self, bolt: Bolt) -> None:
        lose_pointer(bolt.world, new_run(2))
        assert [swept()["requeued"], swept()["requeued"]] == [1, 0]

    def test_one_that_may_still_be_waiting_is_left_alone(self, bolt: Bolt) -> None:
        lose_pointer(bolt.world, new_run(2), ago=timedelta(minutes=10))
        assert swept()["requeued"] == 0

    def test_that_of_a_second_event_of_an_archived_run_is_sent_again(self, bolt: Bolt) -> None:
        bolt.tells(new_run(2))
        bolt.world.drain()
        lose_pointer(bolt.world, new_run(2, ended_ago=timedelta(minutes=50)))
        assert swept()["requeued"] == 1
        bolt.world.drain()
        assert bolt.state(2) == ("failed", "archived")

    def test_one_that_reached_fetch_is_left_to_the_queue(self, bolt: Bolt) -> None:
        bolt.tells(new_run(2))
        bolt.world.standin.faults.add(Status(on="*", status=500))
        bolt.world.receive()
        let_it_be(2, bolt.world, timedelta(minutes=20))
        assert swept()["requeued"] == 0


class TestStates:
    """A schedule's state is mended where ingest stopped between the record and the state."""

    def test_a_run_that_the_state_lacks_is_reported(self, bolt: Bolt) -> None:
        bolt.tells(new_run(2))
        bolt.world.drain()
        expected = timeless_state(bolt.world.schedule("hourly run"))
        without_run(bolt.world, 2)
        swept()
        nodes = {"last_failure": expected["last_failure"] | {"nodes": ANY}}
        assert timeless_state(bolt.world.schedule("hourly run")) | nodes == expected | nodes

    def test_a_recovery_that_was_not_announced_is_queued_again(self, bolt: Bolt) -> None:
        inbox = Inbox(bolt.world)
        inbox.subscribe("everyone")
        bolt.tells(new_run(2, ended_ago=timedelta(hours=3)))
        bolt.world.drain()
        bolt.tells(new_run(3, state="SUCCESS", return_codes=[0], ended_ago=timedelta(hours=2)))
        bolt.world.empty("runs")
        assert swept()["requeued"] == 1
        bolt.world.drain()
        kinds = [content["metadata"]["eventType"] for content in inbox.contents()]
        assert sorted(kinds) == ["run_failed", "run_recovered"]
        assert swept()["requeued"] == 0

    def test_the_whole_story_is_found_by_sweeps(self, bolt: Bolt) -> None:
        inbox = Inbox(bolt.world)
        inbox.subscribe("everyone")
        for run_id, failing in enumerate(["", "payments", "payments", "orders", ""], 2):
            run = new_run(
                run_id,
                state="FAILED" if failing else "SUCCESS",
                return_codes=[int(bool(failing))],
                artifact=results(failing),
                ended_ago=timedelta(minutes=200 - 10 * run_id),
            )
            bolt.has(run)
            swept()
            bolt.world.drain()
        told = {
            content["run"]["run_id"]: content["metadata"]["eventType"]
            for content in inbox.contents()
        }
        assert told == {3: "run_failed", 5: "run_still_failing", 6: "run_recovered"}


def results(failing: str) -> bytes:
    """A `run_results.json` in which this model fails, if any."""
    row = {"unique_id": f"model.shop.{failing}", "status": "error", "message": "no column"}
    return json.dumps({"results": [row] if failing else []}).encode()


class TestLateness:
    """A sweep sees what should have started, and what does not end."""

    @pytest.fixture
    def inbox(self, bolt: Bolt) -> Inbox:
        inbox = Inbox(bolt.world)
        inbox.subscribe("everyone")
        return inbox

    def plan(self, bolt: Bolt, next_run_at: datetime) -> None:
        text = f"{next_run_at:%Y-%m-%d %H:%M:%S}"
        bolt.world.standin.bolt.add_schedule(
            Schedule(slug="hourly", name="hourly run", next_run_at=text)
        )

    def test_a_schedule_that_did_not_start_is_announced_once(
        self, bolt: Bolt, inbox: Inbox
    ) -> None:
        now = datetime.now(UTC)
        self.plan(bolt, now - timedelta(minutes=30))
        assert swept()["late"] == 0, "it is seen for the first time"
        self.plan(bolt, now + timedelta(days=1))
        assert [swept()["late"], swept()["late"]] == [1, 0]
        [message] = inbox.contents()
        assert message["metadata"]["eventType"] == "schedule_missed"
        assert message["run"]["schedule_name"] == "hourly run"
        [envelope] = inbox.envelopes()
        due = now - timedelta(minutes=30)
        assert envelope["Subject"].endswith(f"hourly run should have started at {clock(due)}")

    def test_a_run_that_takes_much_longer_than_usual_is_announced_once(
        self, bolt: Bolt, inbox: Inbox
    ) -> None:
        run = new_run(5, state="RUNNING", ended_ago=timedelta(hours=2))
        bolt.tells_start(run)
        assert [swept()["late"], swept()["late"]] == [1, 0]
        [message] = inbox.contents()
        assert message["metadata"]["eventType"] == "run_slow"
        assert (message["run"]["run_id"], message["usual_seconds"]) == (5, 60)

    def test_a_run_that_does_not_end_is_announced_as_stuck(self, bolt: Bolt, inbox: Inbox) -> None:
        bolt.tells_start(new_run(5, state="RUNNING", ended_ago=timedelta(hours=30)))
        assert swept()["late"] == 1
        [message] = inbox.contents()
        assert message["metadata"]["eventType"] == "run_stuck"

    def test_an_outage_of_sns_is_a_fault_and_it_is_announced_later(
        self, bolt: Bolt, inbox: Inbox
    ) -> None:
        bolt.tells_start(new_run(5, state="RUNNING", ended_ago=timedelta(hours=30)))
        with aws_calls(refused="Publish"):
            assert swept()["faults"] == 1
        assert swept()["late"] == 1
        assert len(inbox.contents()) == 1


def without_run(world: World, run_id: int) -> None:
    """The schedule's state as it was before this run."""
    table = SchedulesTable(world.dynamodb, world.schedules_table)
    key = ScheduleKey(workspace_uid=UID, schedule_key=f"{UID}#hourly run")
    stored = table.read(key)
    assert stored.state is not None
    former = ScheduleState()
    for run in stored.state.runs:
        if run.run_id != run_id:
            facts = RunsTable(world.dynamodb, world.table).facts(f"{UID}#{run.run_id}")
            former = former.with_run(facts)
    table.write(key, former, stored.version, 0)


class TestFaults:
    def test_one_run_is_what_a_fault_of_its_queries_costs(self, bolt: Bolt) -> None:
        bolt.has(new_run(2), new_run(3))
        bolt.world.standin.faults.add(GraphqlErrors(on="api:boltRunStatus:2", times=1))
        tally = swept()
        assert (tally["missing"], tally["faults"]) == (1, 1)
        assert bolt.record(3) is not None
        assert swept()["missing"] == 1

    def test_one_schedule_is_what_a_fault_of_its_listing_costs(self, bolt: Bolt) -> None:
        bolt.has(new_run(2, schedule="a"), new_run(3, schedule="b"))
        bolt.world.standin.faults.add(NotOk(on="api:listBoltRuns:a", times=1))
        tally = swept()
        assert (tally["missing"], tally["faults"]) == (1, 1)
        assert bolt.record(3) is not None
        assert swept()["missing"] == 1

    def test_an_api_that_is_down_is_one_fault(self, bolt: Bolt) -> None:
        bolt.world.standin.faults.add(Status(status=400))
        assert swept()["faults"] == 1

    def test_with_a_tenth_of_the_calls_failing_all_runs_are_found_in_a_few_sweeps(
        self, bolt: Bolt
    ) -> None:
        bolt.has(*(new_run(10 + n, schedule=f"schedule-{n % 3}") for n in range(8)))
        bolt.world.standin.faults.add(GraphqlErrors(on="api:*", rate=0.1))
        sweeps = [swept() for _ in range(8)]
        assert sum(tally["faults"] for tally in sweeps) > 0
        assert [sum(tally[name] for tally in sweeps) for name in ("missing", "queued")] == [8, 8]

    def test_a_sweep_that_cannot_begin_fails_so_that_lambda_counts_it(self, bolt: Bolt) -> None:
        with aws_calls(refused="Scan"), pytest.raises(UnavailableError):
            swept()

    def test_an_address_that_is_not_allowed_gets_nothing(
        self, bolt: Bolt, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALLOW_LOOPBACK", "false")
        bolt.world.standin.requests.clear()
        assert swept()["faults"] == 1
        assert not list(bolt.world.standin.requests)

    def test_a_run_that_was_recorded_and_not_queued_is_queued_by_the_next_sweep(
        self, bolt: Bolt
    ) -> None:
        bolt.has(new_run(2))
        with aws_calls(refused="SendMessage"):
            assert swept()["faults"] == 1
        tally = swept()
        assert (tally["missing"], tally["requeued"], tally["queued"]) == (0, 1, 1)
        bolt.world.drain()
        assert bolt.state(2) == ("failed", "archived")


class Stopped(BaseException):
    """The process is no more. No `except Exception` catches it."""


@contextmanager
def stopping_at(number: int, *, after: bool) -> Iterator[None]:
    """The process ends just before or just after its call of AWS with this number."""
    make: Any = BaseClient._make_api_call  # type: ignore[attr-defined]
    numbers = count()

    def stopped(client: Any, operation: str, arguments: Any) -> Any:
        last = next(numbers) == number
        if last and not after:
            raise Stopped
        try:
            return make(client, operation, arguments)
        finally:
            if last:
                raise Stopped

    with patch.object(BaseClient, "_make_api_call", stopped):
        yield


# A process that is no more has no metrics either, and Powertools still looks for some.
@pytest.mark.filterwarnings("ignore:No application metrics to publish")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_sweep_that_is_stopped_at_any_call_loses_no_run(bolt: Bolt, after: bool) -> None:
    bolt.has(new_run(2), new_run(3, state="SUCCESS", return_codes=[0]))
    bolt.world.clear()
    with aws_calls() as calls:
        swept()
    for number in range(calls.total()):
        bolt.world.clear()
        with stopping_at(number, after=after), pytest.raises(Stopped):
            swept()
        swept()
        bolt.world.drain()
        assert bolt.state(2) == ("failed", "archived"), number
        assert bolt.state(3) == ("succeeded", None), number


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_a_stop_of_ingest_loses_no_run_though_nobody_delivers_again(
    bolt: Bolt, figure: Callable[[str], None]
) -> None:
    run = new_run(2)
    undisturbed = StopAt()
    forget_clients()
    with Watch(undisturbed).watching():
        bolt.tells(run)
    for call, side in product(undisturbed.seen, SIDES):
        bolt.world.clear()
        forget_clients()
        stop = StopAt(call, side)
        with Watch(stop).watching(), suppress(ProcessStopped):
            bolt.tells(run)
        assert stop.happened, f"no such call: {call}"
        if bolt.record(2) is not None:
            let_it_be(2, bolt.world, timedelta(minutes=20))
        swept()
        bolt.world.drain()
        assert bolt.state(2) == ("failed", "archived"), f"{side} {call}"
        assert (bolt.record(2) or {})["messages"] == {"failed"}, f"{side} {call}"
    figure(
        f"crash points, ingest, with a sweep in place of a further delivery: "
        f"{len(undisturbed.seen)} calls, {len(undisturbed.seen) * len(SIDES)} stops, 0 runs lost"
    )


class Waning(Context):
    """A context whose time is over after so many looks at it."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]
        self.looks -= 1
        return 900_000 if self.looks >= 0 else 0


class TestTime:
    SCHEDULES = ("a", "b", "c")

    @pytest.fixture(autouse=True)
    def _runs(self, bolt: Bolt) -> None:
        bolt.world.standin.bolt.add_schedule(Schedule(slug="hourly", name="x", active=False))
        for number, schedule in enumerate(self.SCHEDULES):
            bolt.has(new_run(10 + number, schedule=schedule, return_codes=[1]))

    def test_what_was_found_before_the_time_ran_out_is_kept(self, bolt: Bolt) -> None:
        # Looks: the workspace, two lists of schedules, the runs of a, run 10 and its command.
        tally = swept(Waning(6))
        assert (tally["missing"], tally["complete"]) == (1, False)
        assert bolt.state(10) == ("failed", "queued")

    def test_the_next_sweep_goes_on_where_the_time_ran_out(self, bolt: Bolt) -> None:
        swept(Waning(6))
        assert bolt.workspace()["resume_after"] == {"S": "a"}
        bolt.world.standin.requests.clear()
        swept()
        listed = [
            operation.removeprefix("api:listBoltRuns:")
            for request in bolt.world.standin.requests
            for operation in request.operations
            if operation.startswith("api:listBoltRuns:")
        ]
        assert listed == ["b", "c", "hourly", "a"]

    def test_a_sweep_that_gets_through_forgets_where_the_last_one_stopped(self, bolt: Bolt) -> None:
        swept(Waning(6))
        swept()
        assert "resume_after" not in bolt.workspace()

    def test_sweeps_of_little_time_get_through_in_the_end(self, bolt: Bolt) -> None:
        sweeps = [swept(Waning(8)) for _ in range(6)]
        assert sum(tally["missing"] for tally in sweeps) == len(self.SCHEDULES)
        assert sum(tally["faults"] for tally in sweeps) == 0
        assert sweeps[-1]["complete"]


class TestStale:
    def test_a_run_that_never_ended_is_counted(self, bolt: Bolt) -> None:
        bolt.tells_start(new_run(2, state="RUNNING", ended_ago=timedelta(hours=25)))
        assert swept()["stale"] == 1

    def test_a_run_that_has_not_run_for_long_is_not(self, bolt: Bolt) -> None:
        bolt.tells_start(new_run(2, state="RUNNING", ended_ago=timedelta(hours=23)))
        assert swept()["stale"] == 0

    def test_a_run_of_which_the_sweep_finds_the_end_is_not(self, bolt: Bolt) -> None:
        bolt.tells_start(new_run(2, ended_ago=timedelta(hours=25)))
        assert swept()["stale"] == 0


class TestWorkspaces:
    def test_a_delivery_tells_of_its_workspace(self, bolt: Bolt) -> None:
        assert bolt.workspace() == {
            "workspace_uid": {"S": UID},
            "api_url": {"S": bolt.world.standin.api_url},
            "workspace_name": {"S": "demo-jaffle"},
            "default_serves": {"BOOL": True},
        }

    def test_a_warm_delivery_of_a_start_makes_one_call_to_dynamodb(self, bolt: Bolt) -> None:
        with aws_calls() as calls:
            bolt.tells_start(new_run(2))
        assert calls == {"UpdateItem": 1}

    def test_that_of_an_end_makes_one_read_and_one_write_more(self, bolt: Bolt) -> None:
        with aws_calls() as calls:
            bolt.tells(new_run(2, state="SUCCESS", return_codes=[0]))
        assert calls == {"GetItem": 1, "UpdateItem": 1, "PutItem": 1}

    def test_a_refused_delivery_tells_of_nothing(self, world: World) -> None:
        world.send(completed_payload(new_run(2), "https://example.com/graphql"), headers={})
        scanned = boto3.client("dynamodb").scan(TableName=world.workspaces_table)
        assert scanned["Items"] == []

    def test_without_any_workspace_nothing_is_swept(self, bolt: Bolt) -> None:
        self._forget_workspace(bolt)
        bolt.world.standin.requests.clear()
        assert swept()["runs"] == 0
        assert not list(bolt.world.standin.requests)

    def test_the_api_secret_may_name_a_workspace(self, bolt: Bolt) -> None:
        self._forget_workspace(bolt)
        self._store_api_secret(
            lambda _: {"workspaces": {UID: PAIR | {"api_url": bolt.world.standin.api_url}}}
        )
        bolt.has(new_run(2))
        assert swept()["missing"] == 1

    def test_a_workspace_whose_credentials_are_refused_costs_no_other(self, bolt: Bolt) -> None:
        bolt.has(new_run(2))
        self._store_api_secret(
            lambda secret: {
                "default": secret["default"],
                "workspaces": {
                    "other": {"token": "prdm_wsp_x", "api_url": "https://example.com/graphql"}
                },
            }
        )
        tally = swept()
        assert (tally["missing"], tally["faults"]) == (1, 1)

    @pytest.mark.parametrize("question", ["listBoltRuns:a", "boltRunStatus:2"])
    def test_a_workspace_that_asks_to_wait_for_hours_holds_up_no_other(
        self, bolt: Bolt, question: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def asking_first(workspaces: list[Workspace]) -> None:
            workspaces.sort(key=lambda workspace: workspace.uid != UID)

        monkeypatch.setattr(random, "shuffle", asking_first)
        bolt.has(new_run(2, schedule="a"), new_run(3, schedule="b"))
        wait = Status(on=f"api:{question}", status=429, headers={"Retry-After": "43200"}, times=1)
        bolt.world.standin.faults.add(wait)
        with Standin() as other:
            other.bolt.add(new_run(4))
            self._store_api_secret(
                lambda secret: secret | {"workspaces": {"other": PAIR | {"api_url": other.api_url}}}
            )
            tally = swept()
        assert bolt.world.record("other#4") is not None
        assert (tally["missing"], tally["complete"]) == (1, True)
        assert swept()["missing"] == 2

    def _forget_workspace(self, bolt: Bolt) -> None:
        boto3.client("dynamodb").delete_item(
            TableName=bolt.world.workspaces_table, Key={"workspace_uid": {"S": UID}}
        )

    def _store_api_secret(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        secrets = boto3.client("secretsmanager")
        stored = json.loads(secrets.get_secret_value(SecretId="api")["SecretString"])
        secrets.put_secret_value(SecretId="api", SecretString=json.dumps(change(stored)))
