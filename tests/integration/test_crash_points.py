"""Stopped just before or just after any call, and delivered again, a run ends as undisturbed.

The calls are found by running. From the stop on, no call of the process gets out, whichever
thread wants to make it. Then the sender delivers the same body again with the same id, or SQS
lets the message be received again, to a new process.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Literal

import pytest
from requests import Response

from functions.aws.bucket import PART_BYTES
from functions.fetch import files
from local.standin.content import Generated
from local.standin.faults import Status
from tests.integration import small_run
from tests.integration.calls import Call, Watch
from tests.integration.sender import signed
from tests.integration.timeless import timeless
from tests.integration.world import World, forget_clients

# A process that is no more has no metrics either, and Powertools still looks for some.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

Side = Literal["before", "after"]
SIDES: tuple[Side, ...] = ("before", "after")
MIB = 1024 * 1024


class Stopped(Exception):  # noqa: N818 (no error: what happens to a process)
    """The process is no more.

    Libraries that wait for a thread of theirs would wait for ever after a BaseException; what
    they and the handlers still do after this one does not matter, since no call gets out.
    """


@dataclass
class StopAt:
    """Stops the process at one call; without one, only notes the calls."""

    at: Call | None = None
    side: Side = "before"
    seen: list[Call] = field(default_factory=list)
    happened: bool = False
    _gone: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, call: Call, make: Callable[[], Any]) -> Any:
        self._come(call, "before")
        answer = make()
        try:
            self._come(call, "after")
        except Stopped:
            if isinstance(answer, Response):
                answer.close()  # as the system does for a process that is no more
            raise
        return answer

    def ended(self) -> None:
        if self._gone:
            self._gone = False
            raise Stopped

    def _come(self, call: Call, side: Side) -> None:
        with self._lock:
            if side == "before" and not self._gone:
                self.seen.append(call)
            if (call, side) == (self.at, self.side) and not self.happened:
                self.happened = self._gone = True
            if self._gone:
                raise Stopped


def _in_parts(world: World) -> bytes:
    large = replace(small_run.MANIFEST, content=Generated(PART_BYTES + MIB))
    small_run.add_small_run(world.standin, seed_resources=[large])
    return small_run.completed(world.standin.api_url)


def _tried_again(world: World) -> bytes:
    small_run.add_small_run(world.standin)
    world.standin.faults.add(Status(on=f"download:{small_run.RESULTS.id}", status=429, times=1))
    return small_run.completed(world.standin.api_url)


def _given_up(world: World) -> bytes:
    return small_run.completed("https://example.com/graphql")


SCENARIOS = {
    "the vendor's example": lambda world: world.payload(),
    "a file in two parts": _in_parts,
    "a run that is tried again": _tried_again,
    "a run that is given up": _given_up,
}


@dataclass(frozen=True)
class End:
    """What is there when all is done; the same, times aside, however it came about.

    Whether the run was told is among it; a stop may cause an early message and an update.
    """

    record: dict[str, Any]
    told: bool
    objects: dict[str, Any]
    dead_letters: frozenset[str]
    quarantined: tuple[str, ...]


def play(world: World, prepare: Callable[[World], bytes], stop: StopAt) -> End:
    """Delivers a run and fetches it; what the stop undid is delivered and received again."""
    world.clear()
    world.standin.faults.clear()
    world.forget_workspaces()
    body = prepare(world)
    with Watch(stop).watching():
        _until_done(lambda: _deliver(world, body))
        _until_done(world.drain)
    event = json.loads(body)
    record = timeless(world.record(f"{event['workspace']['uid']}#{event['id']}"))
    messages = record.pop("messages", set())
    return End(
        record=record,
        told=bool(messages & {"failed", "given_up"}),
        objects={key: _contents(world.object(key)) for key in world.object_keys()},
        dead_letters=frozenset(world.messages("dead-letters")),
        quarantined=tuple(world.messages("quarantine")),
    )


def _until_done(step: Callable[[], object]) -> None:
    try:
        step()
    except Stopped:
        forget_clients()
        step()


def _deliver(world: World, body: bytes) -> None:
    answer = world.send(body, signed(body, "msg_1"))
    assert answer["statusCode"] == 202


def _contents(answer: dict[str, Any]) -> tuple[Any, ...]:
    properties = ("ContentType", "Metadata", "ChecksumSHA256")
    return (answer["Body"].read(), *(answer.get(name) for name in properties))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_stop_at_any_call_changes_nothing_in_the_end(
    world: World, scenario: str, figure: Callable[[str], None]
) -> None:
    prepare = SCENARIOS[scenario]
    undisturbed = StopAt()
    expected = play(world, prepare, undisturbed)
    different, uploads = [], 0
    for call, side in product(undisturbed.seen, SIDES):
        stop = StopAt(call, side)
        end = play(world, prepare, stop)
        assert stop.happened, f"no such call: {call}"
        if end != expected:
            different.append(f"{side} {call}: {_difference(end, expected)}")
        uploads += len(world.uploads())
    assert different == []
    figure(
        f"crash points, {scenario}: {len(undisturbed.seen)} calls, "
        f"{len(undisturbed.seen) * len(SIDES)} stops, 0 differences"
        + (f", {uploads} uploads in parts left to the lifecycle rule" if uploads else "")
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_one_thread_makes_the_same_calls_as_several(
    world: World, scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    several, one = StopAt(), StopAt()
    play(world, SCENARIOS[scenario], several)
    monkeypatch.setattr(files, "WORKERS", 1)
    play(world, SCENARIOS[scenario], one)
    assert set(one.seen) == set(several.seen)


@pytest.mark.parametrize(
    ("scenario", "state", "dead_letters"),
    [
        ("the vendor's example", "archived", 0),
        ("a file in two parts", "archived", 0),
        ("a run that is tried again", "archived", 0),
        ("a run that is given up", "failed", 1),
    ],
)
def test_undisturbed_each_run_ends_as_its_name_says(
    world: World, scenario: str, state: str, dead_letters: int
) -> None:
    end = play(world, SCENARIOS[scenario], StopAt())
    assert end.record["archive_state"] == state
    assert len(end.dead_letters) == dead_letters
    assert end.quarantined == ()


def _difference(end: End, expected: End) -> list[str]:
    return [
        name
        for mine, theirs in [(end.record, expected.record), (end.objects, expected.objects)]
        for name in sorted(mine.keys() | theirs.keys())
        if mine.get(name) != theirs.get(name)
    ] + [f"dead letters {end.dead_letters ^ expected.dead_letters}"]
