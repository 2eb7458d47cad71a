"""Stopped just before or just after any call, and delivered again, a run ends as undisturbed.

The calls are found by running. From the stop on, no call of the process gets out, whichever
thread wants to make it. Then the sender delivers the same body again with the same id, or SQS
lets the message be received again, to a new process.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest

from cli.commands.repair.replay import mark_queued
from cli.stack.target import Target
from functions.aws.bucket import PART_BYTES
from functions.fetch import files
from functions.intake.pointer import Pointer
from local.standin.content import Generated
from local.standin.faults import GraphqlErrors, Status
from tests.integration import small_run
from tests.integration.calls import Watch
from tests.integration.sender import signed
from tests.integration.stops import SIDES, ProcessStopped, StopAt
from tests.integration.timeless import timeless, timeless_state
from tests.integration.world import World, forget_clients

# A process that is no more has no metrics either, and Powertools still looks for some.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

MIB = 1024 * 1024


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


def _recovered(world: World) -> bytes:
    """A success after a failure."""
    small_run.add_small_run(world.standin)
    url = world.standin.api_url
    _deliver(world, small_run.completed(url, id=699, start_dttm="2023-10-14 16:44:01"))
    world.drain()
    return small_run.succeeded(url)


SCENARIOS = {
    "the vendor's example": lambda world: world.payload(),
    "a file in two parts": _in_parts,
    "a run that is tried again": _tried_again,
    "a run that is given up": _given_up,
    "a success after a failure": _recovered,
}


@dataclass(frozen=True)
class End:
    """What is there when all is done; the same, times aside, however it came about.

    Whether the run was told is among it; a stop may cause an early message and an update.
    """

    record: dict[str, Any]
    state: dict[str, Any]
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
    return _end(world, f"{event['workspace']['uid']}#{event['id']}")


def _end(world: World, run_key: str) -> End:
    record = timeless(world.record(run_key))
    messages = record.pop("messages", set())
    return End(
        record=record,
        state=timeless_state(world.schedule(record["schedule_name"])),
        told=bool(messages & {"failed", "given_up", "recovered"}),
        objects={key: _contents(world.object(key)) for key in world.object_keys()},
        dead_letters=frozenset(world.messages("dead-letters")),
        quarantined=tuple(world.messages("quarantine")),
    )


def _until_done(step: Callable[[], object]) -> None:
    try:
        step()
    except ProcessStopped:
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


FORGOTTEN: dict[str, GraphqlErrors | Status] = {
    "an error": GraphqlErrors(on="*"),
    "null": Status(on="*", status=200, body='{"data": {"boltCommand": null}}'),
}


@pytest.mark.parametrize("answer", FORGOTTEN)
def test_a_stop_at_any_call_of_a_replay_of_what_paradime_forgot_changes_nothing(
    world: World, answer: str, figure: Callable[[str], None]
) -> None:
    expected = play(world, SCENARIOS["the vendor's example"], StopAt())
    world.standin.faults.add(FORGOTTEN[answer])
    undisturbed = StopAt()
    assert _replay(world, undisturbed) == expected
    for call, side in product(undisturbed.seen, SIDES):
        stop = StopAt(call, side)
        assert _replay(world, stop) == expected
        assert stop.happened, f"no such call: {call}"
    figure(
        f"crash points, a replay of what Paradime forgot ({answer}): {len(undisturbed.seen)} "
        f"calls, {len(undisturbed.seen) * len(SIDES)} stops, 0 differences"
    )


def _replay(world: World, stop: StopAt) -> End:
    """`bolt-archive replay` of the vendor's example."""
    forget_clients()
    record = world.record()
    assert record is not None
    table = boto3.resource("dynamodb").Table(world.table)
    mark_queued(cast(Target, SimpleNamespace(runs=table)), record)
    pointer = Pointer(workspace_uid=record["workspace_uid"], run_id=int(record["run_id"]))
    world.sqs.send_message(QueueUrl=world.queues["runs"], MessageBody=pointer.to_json())
    with Watch(stop).watching():
        _until_done(world.drain)
    return _end(world, "n0sg8br1m44k0ryj#63187")


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
        ("a success after a failure", None, 0),
    ],
)
def test_undisturbed_each_run_ends_as_its_name_says(
    world: World, scenario: str, state: str | None, dead_letters: int
) -> None:
    end = play(world, SCENARIOS[scenario], StopAt())
    assert end.record.get("archive_state") == state
    assert end.told
    assert len(end.dead_letters) == dead_letters
    assert end.quarantined == ()


def _difference(end: End, expected: End) -> list[str]:
    return [
        name
        for mine, theirs in [(end.record, expected.record), (end.objects, expected.objects)]
        for name in sorted(mine.keys() | theirs.keys())
        if mine.get(name) != theirs.get(name)
    ] + [f"dead letters {end.dead_letters ^ expected.dead_letters}"]
