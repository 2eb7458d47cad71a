"""On the local stack: a schedule that fails, fails the same, fails differently, and recovers."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from local.inbox import new_inbox
from local.stack.outputs import Outputs
from local.standin import Standin
from tests.e2e.client import Client, Record, eventually
from tests.e2e.test_message import Inbox, content
from tests.e2e.test_sweep import sweep
from tests.integration.nights import Night, add_all, story
from tests.integration.timeless import timeless_state

pytestmark = pytest.mark.e2e

FIRST = (datetime.now(UTC) - timedelta(hours=40)).replace(tzinfo=None)


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with Standin([]) as standin:
        yield standin


@pytest.fixture(scope="module")
def inbox(client: Client, outputs: Outputs) -> Inbox:
    return Inbox(client, new_inbox(outputs, f"schedules-{uuid.uuid4().hex}"))


@pytest.fixture(scope="module")
def in_order(client: Client, inbox: Inbox, standin: Standin) -> list[Night]:
    """Each run is delivered when all is done about the one before."""
    nights = story("in-order", 7300, FIRST)
    add_all(standin, nights)
    for night in nights:
        deliver(client, standin, night)
        settle(client)
    return nights


def deliver(client: Client, standin: Standin, night: Night) -> None:
    assert client.send(night.payload(standin.api_url)).status_code == 202


def settle(client: Client) -> None:
    eventually(lambda: client.is_empty(client.outputs.queue_url), "the run queue is empty")


def kinds(inbox: Inbox, nights: list[Night]) -> list[list[str]]:
    """The event types of the messages about each run."""
    return [
        [content(found)["metadata"]["eventType"] for found in inbox.envelopes(night.run_id)]
        for night in nights
    ]


def state(client: Client, nights: list[Night], like: list[Night]) -> Record:
    """The schedule's state with the ids of the runs of another one."""
    found = timeless_state(client.schedule(nights[0].schedule))
    ids = {night.run_id: other.run_id for night, other in zip(nights, like, strict=True)}
    commits = {f"{run_id:040x}": f"{other:040x}" for run_id, other in ids.items()}
    for name in ("last_success", "last_failure"):
        found[name]["run_id"] = ids[int(found[name]["run_id"])]
        found[name]["commit_hash"] = commits[found[name]["commit_hash"]]
    return {name: value for name, value in found.items() if name not in ("runs", "schedule_key")}


def test_in_order_exactly_what_is_new_is_announced(inbox: Inbox, in_order: list[Night]) -> None:
    assert kinds(inbox, in_order) == [
        [],
        ["run_failed"],
        [],
        ["run_still_failing"],
        ["run_recovered"],
    ]


def test_the_last_message_says_since_when_it_had_failed(
    inbox: Inbox, in_order: list[Night]
) -> None:
    [envelope] = inbox.envelopes(in_order[-1].run_id)
    since = f"{in_order[1].start:%a %H:%M}"
    assert envelope["Subject"].endswith(f"recovered after 3 failed runs since {since}")
    assert envelope["MessageAttributes"]["event_type"]["Value"] == "run_recovered"


def test_shuffled_and_twice_the_state_is_the_same(
    client: Client, inbox: Inbox, standin: Standin, in_order: list[Night]
) -> None:
    nights = story("shuffled", 7310, FIRST)
    add_all(standin, nights)
    twice = nights * 2
    random.Random(14).shuffle(twice)  # noqa: S311 (the same each time)
    for night in twice:
        deliver(client, standin, night)
    settle(client)
    assert state(client, nights, in_order) == state(client, in_order, in_order)
    one_failure_at_most(kinds(inbox, nights))


def test_found_by_a_sweep_the_state_is_the_same(
    client: Client, inbox: Inbox, standin: Standin, in_order: list[Night]
) -> None:
    nights = story("found-by-sweep", 7320, FIRST)
    add_all(standin, nights)
    sweep(client)
    settle(client)
    assert state(client, nights, in_order) == state(client, in_order, in_order)
    one_failure_at_most(kinds(inbox, nights))


def one_failure_at_most(said: list[list[str]]) -> None:
    """And no "still failing" without a "failed"."""
    assert all(len(of_run) <= 1 for of_run in said)
    flat = [kind for of_run in said for kind in of_run]
    assert "run_still_failing" not in flat or "run_failed" in flat
