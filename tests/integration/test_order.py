"""Deliveries of one run, in any order and however often, end in one record and one archive.

A schedule may put other deliveries in between two writes of one delivery, and deliveries
and fetches in between two calls of a delivery or fetch: as if another function ran just then.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from functions.aws.chronicle import Chronicle
from functions.aws.queue import Queue
from functions.aws.schedules import SchedulesTable
from functions.aws.table import RunsTable
from functions.fetch import files
from functions.ingest import handler as ingest
from functions.intake.intake import Intake
from functions.run import event as events
from functions.run.record import Delivery, Source, unpack_event
from functions.shared.errors import SupersededError
from local.standin.faults import Status
from tests.integration import dynamodb, small_run
from tests.integration.calls import Call, Watch
from tests.integration.sender import signed
from tests.integration.timeless import timeless, timeless_state
from tests.integration.world import World, create_tables, forget_clients, not_as_a_function

# A fetch whose message another has finished and deleted has nothing to count.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

RECORD_SCHEDULES = 1000
FETCH_SCHEDULES = 200

# Every one is about the same run.
BODIES: dict[str, Callable[[str], bytes]] = {
    "started": small_run.started,
    "failed": small_run.completed,
    "failed, another branch": lambda url: small_run.completed(
        url, environment={"branch": "other"}, error_string="killed"
    ),
    "failed, a later end, fewer commands": lambda url: small_run.first_command_only(
        url, end_dttm="2023-10-15 16:50:00.000001"
    ),
    "succeeded": small_run.succeeded,
    "swept as failed": lambda url: small_run.swept(url, state="FAILED", return_code=1),
    "swept as succeeded": lambda url: small_run.swept(url, state="SUCCESS", return_code=0),
}
NAMES = st.sampled_from(sorted(BODIES))


def delivery_id(name: str) -> str:
    return f"msg_{sorted(BODIES).index(name)}"


def delivery(name: str, api_url: str) -> Delivery:
    body, swept = BODIES[name](api_url), name.startswith("swept")
    return Delivery(
        event=events.parse(body),
        body=body,
        delivery_id="sweep" if swept else delivery_id(name),
        received_at=datetime.now(UTC),
        source=Source.SWEEP if swept else Source.WEBHOOK,
    )


def take(intake: Intake, delivery: Delivery) -> None:
    if delivery.source is Source.SWEEP:
        intake.import_run(delivery)
    else:
        intake.accept(delivery)


@dataclass(frozen=True)
class Step:
    """A delivery, or a fetch of all that waits (`name` is None).

    Before call number `at` of it come the steps `between`.
    """

    name: str | None
    at: int = 0
    between: tuple["Step", ...] = ()

    def names(self) -> Iterator[str]:
        if self.name:
            yield self.name
        for step in self.between:
            yield from step.names()


def schedules(plain: st.SearchStrategy[Step], max_at: int) -> st.SearchStrategy[list[Step]]:
    def interrupted(steps: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
        between = st.lists(steps, min_size=1, max_size=2).map(tuple)
        return st.builds(
            lambda step, at, between: Step(step.name, at, between),
            plain,
            # Most steps make few calls.
            st.integers(1, 3) | st.integers(1, max_at),
            between,
        )

    return st.lists(st.recursive(plain, interrupted, max_leaves=4), min_size=2, max_size=4)


@dataclass
class Interruptions:
    """Plays steps, and at the right call of each those that come in between."""

    start: Callable[[str | None], None]
    calls: int = 0
    happened: int = 0
    _under_way: list[tuple[int, list[Step]]] = field(default_factory=list)

    def play(self, steps: Iterable[Step]) -> None:
        for step in steps:
            waiting = list(step.between)
            self._under_way.append((self.calls + step.at, waiting))
            self.start(step.name)
            self._under_way.pop()
            self.play(waiting)  # it made fewer calls than that

    def before_call(self) -> None:
        self.calls += 1
        at, waiting = self._under_way[-1]
        if waiting and self.calls == at:
            between = waiting.copy()
            waiting.clear()
            self.happened += 1
            before, self.calls = self.calls, 0
            self.play(between)
            self.calls = before


class Records:
    """The tables alone, with an intake whose calls can be interrupted."""

    def __init__(self) -> None:
        self.client = dynamodb.new_client()
        self.interruptions = Interruptions(self._take)
        table = RunsTable(self, "runs")  # type: ignore[arg-type]
        self._intake = Intake(
            table=table,
            chronicle=Chronicle(
                SchedulesTable(self, "schedules"),  # type: ignore[arg-type]
                table,
                timedelta(days=365),
            ),
            runs=Queue(_NoQueue(), "url"),  # type: ignore[arg-type]
            archive="failures",
            history="failures",
            keep=timedelta(days=365),
        )

    def __getattr__(self, operation: str) -> Any:
        """A call of the client, such as `update_item`."""

        def call(**arguments: Any) -> Any:
            self.interruptions.before_call()
            return getattr(self.client, operation)(**arguments)

        return call

    def after(self, steps: Iterable[Step]) -> dict[str, Any]:
        """The record, as it is after these steps alone."""
        for table, key in self.keys().items():
            self.client.delete_item(TableName=table, Key=key)
        self.interruptions.play(steps)
        return self._read("runs")

    def state(self) -> dict[str, Any]:
        """The schedule's state; empty if there is none."""
        return timeless_state(self._read("schedules"))

    def _read(self, table: str) -> dict[str, Any]:
        item = self.client.get_item(TableName=table, Key=self.keys()[table]).get("Item", {})
        read = TypeDeserializer().deserialize
        return {name: read(value) for name, value in item.items()}

    @staticmethod
    def keys() -> dict[str, dict[str, Any]]:
        uid = small_run.RUN_KEY.partition("#")[0]
        return {
            "runs": {"run_key": {"S": small_run.RUN_KEY}},
            "schedules": {"workspace_uid": {"S": uid}, "schedule_key": {"S": f"{uid}#small"}},
        }

    def _take(self, name: str | None) -> None:
        take(self._intake, _delivery(name or ""))

    @contextmanager
    def created(self) -> Iterator["Records"]:
        create_tables(self.client)
        yield self
        for table in self.client.list_tables()["TableNames"]:
            self.client.delete_table(TableName=table)


class _NoQueue:
    def send_message(self, **_: Any) -> None:
        """Here only the record counts."""


@cache
def _delivery(name: str) -> Delivery:
    return delivery(name, "https://api.paradime.io/graphql")


@pytest.fixture
def records() -> Iterator[Records]:
    with Records().created() as records:
        yield records


def test_any_schedule_of_deliveries_ends_in_the_same_record(
    records: Records, figure: Callable[[str], None]
) -> None:
    tally: Counter[str] = Counter()

    @cache
    def undisturbed(names: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        record = records.after(Step(name) for name in sorted(names))
        return timeless(record), records.state()

    @settings(max_examples=RECORD_SCHEDULES, deadline=None, database=None)
    @given(schedule=schedules(NAMES.map(Step), max_at=3))
    def check(schedule: list[Step]) -> None:
        names = [name for step in schedule for name in step.names()]
        expected = undisturbed(frozenset(names))
        before = records.interruptions.happened
        record = timeless(records.after(schedule))
        assert (record, records.state()) == expected
        tally.update(
            schedules=1,
            deliveries=len(names),
            interrupted=records.interruptions.happened > before,
        )

    check()
    assert tally["schedules"] >= RECORD_SCHEDULES
    figure(
        f"order: {tally['schedules']:,} schedules of {tally['deliveries']:,} deliveries, "
        f"{tally['interrupted']:,} of them with a delivery in the midst of another: "
        f"0 records and 0 states of a schedule differ"
    )


@pytest.mark.parametrize(
    ("winner", "other"),
    [
        pytest.param("succeeded", "started", id="completed above started"),
        pytest.param("failed", "succeeded", id="failed above succeeded"),
        pytest.param("failed", "swept as failed", id="webhook above sweep"),
        pytest.param("swept as failed", "succeeded", id="a failure that only the sweep saw"),
        pytest.param("succeeded", "swept as succeeded", id="webhook above sweep, succeeded"),
        pytest.param("swept as succeeded", "started", id="sweep above started"),
        pytest.param("failed, a later end, fewer commands", "failed", id="the later end"),
    ],
)
@pytest.mark.parametrize("winner_first", [True, False], ids=["first", "last"])
def test_the_record_holds_the_event_that_says_most(
    records: Records, winner: str, other: str, winner_first: bool
) -> None:
    record = records.after(map(Step, [winner, other] if winner_first else [other, winner]))
    assert unpack_event(record) == _delivery(winner).body


@dataclass
class Fetches:
    """Both functions on moto, interrupted at any call."""

    world: World
    watch: Watch = field(init=False)
    interruptions: Interruptions = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Watch(self)
        self.interruptions = Interruptions(self._start)

    def call(self, call: Call, make: Callable[[], Any]) -> Any:
        with self.watch.unwatched(), not_as_a_function():
            self.interruptions.before_call()
        return make()

    def ended(self) -> None:
        pass

    def after(self, steps: Iterable[Step]) -> "End":
        """What these steps alone, and a last fetch, come to."""
        self.world.clear()
        with self.watch.watching():
            self.interruptions.play([*steps, Step(None)])
        return End(
            timeless(self.world.record(small_run.RUN_KEY)),
            timeless_state(self.world.schedule("small")),
            self.world.objects(),
            self.world.messages("dead-letters"),
        )

    def _start(self, name: str | None) -> None:
        if name is None:
            self.world.drain()
        elif name.startswith("swept"):
            take(ingest.receiver().intake, delivery(name, self.world.standin.api_url))
        else:
            body = BODIES[name](self.world.standin.api_url)
            answer = self.world.send(body, signed(body, delivery_id(name)))
            assert answer["statusCode"] == 202


@dataclass(frozen=True)
class End:
    record: dict[str, Any]
    state: dict[str, Any]
    objects: dict[str, bytes]
    dead_letters: list[str]

    def differences(self, expected: "End", allowed: dict[str, bytes]) -> list[str]:
        """`allowed` are the objects of events that were archived before a higher one came.

        They are files of the run and stay, though no inventory names them.
        """
        names = sorted(self.record.keys() | expected.record.keys())
        keys = sorted(self.objects.keys() | expected.objects.keys())
        return [
            *(name for name in names if self.record.get(name) != expected.record.get(name)),
            *(["the schedule's state"] if self.state != expected.state else []),
            *(
                key
                for key in keys
                if self.objects.get(key) != expected.objects.get(key, allowed.get(key))
            ),
            *self.dead_letters,
        ]


@pytest.fixture
def fetches(world: World, monkeypatch: pytest.MonkeyPatch) -> Fetches:
    small_run.add_small_run(world.standin)
    # One thread: what comes in between comes at the same call each time.
    monkeypatch.setattr(files, "WORKERS", 1)
    # All that comes in between takes no time here, but over a minute where receives are delayed.
    monkeypatch.setattr("functions.aws.table.LONGEST_CLAIM", timedelta(0))
    monkeypatch.setenv("MAX_RECEIVES", "20")
    forget_clients()
    return Fetches(world)


def test_any_schedule_with_fetches_ends_in_the_same_record_and_archive(
    fetches: Fetches, figure: Callable[[str], None]
) -> None:
    tally: Counter[str] = Counter()

    @cache
    def undisturbed(names: frozenset[str]) -> End:
        return fetches.after(Step(name) for name in sorted(names))

    @settings(max_examples=FETCH_SCHEDULES, deadline=None, database=None)
    @given(schedule=schedules(NAMES.map(Step) | st.just(Step(None)), max_at=20))
    def check(schedule: list[Step]) -> None:
        names = frozenset(name for step in schedule for name in step.names())
        assume(names)
        expected = undisturbed(names)
        alone = [undisturbed(frozenset({name})).objects for name in names]
        allowed = {key: body for objects in alone for key, body in objects.items()}
        before = fetches.interruptions.happened
        assert fetches.after(schedule).differences(expected, allowed) == []
        tally.update(schedules=1, interrupted=fetches.interruptions.happened > before)

    check()
    figure(
        f"order: {tally['schedules']:,} schedules with fetches, {tally['interrupted']:,} of them "
        f"with something in the midst of something else: 0 records and 0 archives differ"
    )


def test_a_second_completed_at_any_call_of_a_fetch_is_what_is_archived(
    fetches: Fetches, figure: Callable[[str], None]
) -> None:
    first, second = "failed", "failed, a later end, fewer commands"
    calls_before = fetches.interruptions.calls
    alone = fetches.after([Step(first)])
    calls = fetches.interruptions.calls - calls_before
    expected = fetches.after([Step(first), Step(second)])
    different = {
        at: differences
        for at in range(1, calls + 1)
        if (
            differences := fetches.after(
                [Step(first), Step(None, at, (Step(second), Step(None)))]
            ).differences(expected, alone.objects)
        )
    }
    assert different == {}
    figure(
        f"order: a second completed event, delivered and archived before each of the {calls} "
        f"calls of the first one's fetch: 0 records and 0 archives differ"
    )


def test_a_fetch_that_fails_spoils_no_archive_that_another_made(fetches: Fetches) -> None:
    fault = Status(on=f"download:{small_run.RESULTS.id}", status=429, times=1)
    calls_before = fetches.interruptions.calls
    expected = fetches.after([Step("failed")])
    calls = fetches.interruptions.calls - calls_before
    different = {}
    for at in range(1, calls + 1):
        fetches.world.standin.faults.add(fault)
        end = fetches.after([Step("failed"), Step(None, at, (Step(None),))])
        if differences := end.differences(expected, {}):
            different[at] = differences
    assert different == {}


def test_an_archive_that_is_complete_is_not_given_up(records: Records) -> None:
    records.after([Step("failed")])
    table = RunsTable(records.client, "runs")
    run = table.read(small_run.RUN_KEY)
    table.set_archive(run, {"archive_state": "archived", "archived_rank": run.event_rank})
    with pytest.raises(SupersededError):
        table.set_archive(run, {"archive_state": "failed", "archive_error": "out of receives"})


def test_the_inventory_is_of_the_event_in_the_record(fetches: Fetches) -> None:
    end = fetches.after([Step("failed, a later end, fewer commands"), Step(None), Step("failed")])
    [inventory] = [body for key, body in end.objects.items() if key.endswith("archive.json")]
    assert {file["command_id"] for file in json.loads(inventory)["files"]} == {7001}
