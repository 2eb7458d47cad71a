"""What a write to DynamoDB costs: the item, and once more for each index that it is in."""

from typing import Any

import pytest

from bench.dynamodb_units import (
    TABLE,
    Index,
    Item,
    item_bytes,
    read_units,
    stored_bytes,
    write_units,
)

LISTED = Index("listed", ("workspace", "started"), frozenset({"id", "workspace", "started", "at"}))
FAILED = Index("failed", ("failed_in", "started"), frozenset({"id", "failed_in", "started", "at"}))
RUN: dict[str, dict[str, Any]] = {
    "id": {"S": "1"},
    "workspace": {"S": "w"},
    "started": {"S": "2026"},
    "at": {"S": "queued"},
}
LARGE = {"event": {"B": b"x" * 2048}}


def units(before: Item, after: Item) -> dict[str, int]:
    return write_units(before, after, [LISTED, FAILED])


def test_a_new_item_costs_a_unit_more_in_each_index_that_it_is_in() -> None:
    assert units({}, RUN) == {TABLE: 1, "listed": 1, "failed": 0}
    failed = RUN | {"failed_in": {"S": "w"}}
    assert units({}, failed) == {TABLE: 1, "listed": 1, "failed": 1}


def test_each_begun_kilobyte_is_a_unit_where_it_is_stored() -> None:
    assert units({}, RUN | LARGE) == {TABLE: 3, "listed": 1, "failed": 0}


def test_an_item_that_shrinks_costs_what_it_was() -> None:
    assert units(RUN | LARGE, RUN)[TABLE] == 3


def test_what_an_index_does_not_hold_costs_nothing_there() -> None:
    assert units(RUN, RUN | LARGE)["listed"] == 0


def test_a_change_of_what_an_index_holds_is_one_write_there() -> None:
    assert units(RUN, RUN | {"at": {"S": "archived"}})["listed"] == 1


def test_a_change_of_an_index_key_is_two_writes_there() -> None:
    assert units(RUN, RUN | {"started": {"S": "2027"}})["listed"] == 2


def test_leaving_an_index_is_a_write_there() -> None:
    assert units(RUN | {"failed_in": {"S": "w"}}, RUN)["failed"] == 1


@pytest.mark.parametrize(("size", "expected"), [(0, 1), (4094, 1), (4096, 2)])
def test_a_read_is_counted_by_four_kilobytes(size: int, expected: int) -> None:
    assert read_units({"b": {"B": b"x" * size}} if size else {}) == expected


def test_an_index_stores_its_own_copy_and_a_hundred_bytes_more() -> None:
    # Names and values: 2 + 1, 9 + 1, 7 + 4, 2 + 6.
    assert item_bytes(RUN) == 32
    assert stored_bytes(RUN, [LISTED, FAILED]) == 32 + 32 + 100


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"S": "é"}, 2),
        ({"N": "-12345"}, 4),
        ({"BOOL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"L": [{"S": "ab"}, {"N": "7"}]}, 3 + 1 + 2 + 1 + 2),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 2 + 1),
    ],
)
def test_values_have_the_sizes_of_the_developer_guide(value: dict[str, Any], expected: int) -> None:
    assert item_bytes({"n": value}) == 1 + expected
