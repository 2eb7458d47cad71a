"""A run for which one invocation is too short is archived by several."""

import json
from collections.abc import Callable
from itertools import pairwise

import pytest

from functions.fetch.files import WORKERS
from functions.fetch.received import delay_seconds
from functions.shared.deadline import MARGIN_MILLISECONDS
from infra.variant import DEPLOYED
from local.standin.faults import Status
from tests.integration.sender import signed
from tests.integration.timeless import timeless
from tests.integration.world import Context, World, forget_clients

RECEIVES = 40
FIRST_DELAY_SECONDS = 24  # a base of 30 s less a fifth
RESULTS_OF_WHAT_FAILED = "download:1205761"


class TimeForFiles(Context):
    """Of an invocation in which time passes with each file that it stores, and lasts for some."""

    def __init__(self, world: World, files: int) -> None:
        super().__init__()
        self._world = world
        self._last = len(world.object_keys()) + files

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]
        left = self._last - len(self._world.object_keys())
        return MARGIN_MILLISECONDS + left - 1


class Invocations:
    """Makes each receive's context, and notes at its begin what is stored and was downloaded."""

    def __init__(self, world: World, files: int) -> None:
        self._world = world
        self._files = files
        self.stored: list[set[str]] = []
        self.downloaded: list[list[str]] = []

    def new_context(self) -> Context:
        self.note()
        return TimeForFiles(self._world, self._files)

    def note(self) -> None:
        self.stored.append(set(self._world.object_keys()))
        self.downloaded.append(downloads(self._world))


def downloads(world: World) -> list[str]:
    return [
        operation
        for request in world.standin.requests
        for operation in request.operations
        if operation.startswith("download:")
    ]


@pytest.fixture(autouse=True)
def receives_for_every_file(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setenv("MAX_RECEIVES", str(RECEIVES))
    forget_clients()


@pytest.fixture
def one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing is under way beside the file with which the time runs out."""
    monkeypatch.setattr("functions.fetch.files.WORKERS", 1)


def play(world: World, files: int) -> Invocations:
    world.clear()
    world.standin.requests.clear()
    world.send(world.payload(), signed(world.payload(), "msg_1"))
    invocations = Invocations(world, files)
    world.drain(invocations.new_context)
    invocations.note()
    return invocations


def test_however_little_fits_into_an_invocation_the_next_ones_finish(
    world: World, figure: Callable[[str], None], one_worker: None
) -> None:
    play(world, files=1000)
    record, objects = timeless(world.record()), world.objects()
    receives, sizes = 0, range(1, len(objects), 3)
    for files in sizes:
        invocations = play(world, files)
        assert timeless(world.record()) == record
        assert world.objects() == objects
        assert len(downloads(world)) == len(set(downloads(world)))
        receives += len(invocations.stored) - 1
    figure(
        f"out of time: invocations that last for {sizes.start} to {sizes[-1]} files, "
        f"{receives} receives: 0 records and 0 archives differ, 0 files downloaded twice"
    )


@pytest.mark.parametrize("files", [1, 4, 9])
def test_what_one_invocation_stored_no_other_downloads(world: World, files: int) -> None:
    invocations = play(world, files)
    assert len(invocations.stored) > 2
    [inventory] = [body for key, body in world.objects().items() if key.endswith("archive.json")]
    keys = {
        f"download:{file['resource_id']}": file["key"] for file in json.loads(inventory)["files"]
    }
    for before, (earlier, later) in zip(
        invocations.stored, pairwise(invocations.downloaded), strict=False
    ):
        again = [operation for operation in later[len(earlier) :] if keys[operation] in before]
        assert again == []


def test_it_stops_in_time(world: World) -> None:
    """Only what was under way is finished once the time is over."""
    invocations = play(world, files=2)
    for before, after in pairwise(invocations.stored[:-1]):
        assert len(after - before) <= 2 + WORKERS


def delays(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [
        record.__dict__["delay_seconds"]
        for record in caplog.records
        if record.message == "run will be retried"
    ]


def test_out_of_time_after_progress_goes_on_at_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    play(world, files=9)
    assert set(delays(caplog)) == {0}


def test_out_of_time_without_progress_waits_as_after_a_fault(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.send(world.payload())
    world.drain(lambda: Context(MARGIN_MILLISECONDS - 1))
    assert len(delays(caplog)) == RECEIVES - 1
    assert min(delays(caplog)) >= FIRST_DELAY_SECONDS


def test_out_of_time_beside_a_fault_of_paradime_waits(
    world: World,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    one_worker: None,
) -> None:
    """An API that gives one file a receive and then fails must not use up all receives at once."""
    monkeypatch.setenv("MAX_RECEIVES", "3")
    world.standin.faults.add(Status(on=RESULTS_OF_WHAT_FAILED, status=429))
    world.send(world.payload())
    invocations = Invocations(world, files=9)
    world.drain(invocations.new_context)
    first, *_ = [len(after - before) for before, after in pairwise(invocations.stored)]
    assert first == 9
    assert delays(caplog)[0] >= FIRST_DELAY_SECONDS


def test_all_receives_together_span_more_than_a_day(figure: Callable[[str], None]) -> None:
    shortest, longest = span_seconds(jitter=1), span_seconds(jitter=0)
    assert 24 * 60 * 60 < shortest < longest
    figure(
        f"out of time: {DEPLOYED.max_receives} receives span {shortest / 3600:.1f} h to "
        f"{longest / 3600:.1f} h"
    )


def span_seconds(*, jitter: float) -> int:
    return sum(
        delay_seconds(
            receive_count=receive_count,
            base=DEPLOYED.retry_base,
            cap=DEPLOYED.retry_cap,
            retry_after=None,
            jitter=jitter,
        )
        for receive_count in range(1, DEPLOYED.max_receives)
    )
