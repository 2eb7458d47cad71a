"""What has been edited since an earlier run, among what failing nodes are made from."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.integration.nights import CUSTOMERS, FAILS, ORDERS, PAYMENTS, Night, add_all
from tests.integration.test_message import Inbox
from tests.integration.test_schedules import play, told
from tests.integration.world import World

STG_ORDERS, STG_OTHER = "model.shop.stg_orders", "model.shop.stg_other"
RAW = "source.shop.raw.orders"
GENERIC_TEST = "test.shop.not_null_orders"


def manifest(**edited: str) -> bytes:
    """`orders` and `customers` are made from `stg_orders`, and that from a source."""
    parents = {
        ORDERS: [STG_ORDERS],
        CUSTOMERS: [STG_ORDERS, PAYMENTS],
        PAYMENTS: [],
        STG_ORDERS: [RAW],
        STG_OTHER: [],
        GENERIC_TEST: [],
    }
    nodes: dict[str, Any] = {
        unique_id: {
            "checksum": {
                "name": "sha256",
                "checksum": edited.get(unique_id.rpartition(".")[2], "first"),
            }
        }
        for unique_id in parents
    }
    nodes[GENERIC_TEST]["checksum"] = {"name": "none", "checksum": edited.get("test", "")}
    return json.dumps({"nodes": nodes, "sources": {RAW: {}}, "parent_map": parents}).encode()


FORMER = replace(FAILS, failing=(PAYMENTS,), manifest=manifest())
# A later night, in which another node fails, of the same files but for those that a test edits.
NIGHT = Night(5010, 48, (PAYMENTS, ORDERS))


@pytest.fixture
def inbox(world: World) -> Inbox:
    inbox = Inbox(world)
    inbox.subscribe("everyone")
    return inbox


def history_of(inbox: Inbox, *nights: Night) -> dict[str, Any]:
    """Of the message about the last one."""
    add_all(inbox.world.standin, nights)
    play(inbox.world, nights)
    history: dict[str, Any] = told(inbox)[nights[-1].run_id]["history"]
    return history


def test_an_edited_ancestor_of_a_new_failure_is_a_suspect(inbox: Inbox) -> None:
    history = history_of(inbox, FORMER, replace(NIGHT, manifest=manifest(stg_orders="second")))
    assert history["suspects"] == [STG_ORDERS]
    assert (history["suspect_count"], history["suspects_since"]) == (1, FORMER.run_id)


def test_the_nearest_comes_first(inbox: Inbox) -> None:
    edited = manifest(stg_orders="second", orders="second")
    assert history_of(inbox, FORMER, replace(NIGHT, manifest=edited))["suspects"] == [
        ORDERS,
        STG_ORDERS,
    ]


@pytest.mark.parametrize(
    "edited",
    [manifest(), manifest(stg_other="second"), manifest(test="second")],
    ids=["nothing", "another model", "a test without a file"],
)
def test_what_failing_nodes_are_not_made_from_is_none(inbox: Inbox, edited: bytes) -> None:
    history = history_of(inbox, FORMER, replace(NIGHT, manifest=edited))
    assert (history["suspects"], history["suspects_since"]) == ([], None)


@pytest.mark.parametrize("former", [None, b"{", b"[]"], ids=["none", "broken", "a list"])
def test_without_the_earlier_manifest_nobody_is_suspected(
    inbox: Inbox, former: bytes | None
) -> None:
    edited = manifest(stg_orders="second")
    history = history_of(inbox, replace(FORMER, manifest=former), replace(NIGHT, manifest=edited))
    assert history["suspects"] == []
    assert history["new"] == [ORDERS]


def test_an_archived_success_is_what_is_compared_with(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE", "all")
    world = inbox.world
    good = Night(5001, 0, manifest=manifest())
    bad = replace(NIGHT, failing=(ORDERS,), manifest=manifest(stg_orders="second"))
    add_all(world.standin, [good, bad])
    play(world, [good, bad])
    history = told(inbox)[bad.run_id]["history"]
    assert (history["suspects"], history["suspects_since"]) == ([STG_ORDERS], good.run_id)
