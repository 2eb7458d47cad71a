"""Sizes of items in DynamoDB, and the units that writing and reading them costs.

Items are as the API has them: `{"run_id": {"N": "7"}}`, binary values as bytes. Sources, in the
DynamoDB Developer Guide: "DynamoDB item sizes and formats", "DynamoDB read and write operations",
"Using Global Secondary Indexes", there "Provisioned throughput considerations".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

Item = Mapping[str, Mapping[str, Any]]

TABLE = ""
WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
# What storage of an index counts beside the attributes of each item.
INDEX_OVERHEAD_BYTES = 100


@dataclass(frozen=True, slots=True)
class Index:
    """An index with its keys and all attributes that it holds, those of the table's key too."""

    name: str
    keys: tuple[str, ...]
    attributes: frozenset[str]

    def entry(self, item: Item) -> Item:
        """What of an item is in the index: nothing unless it has all of the index's keys."""
        if any(key not in item for key in self.keys):
            return {}
        return {name: value for name, value in item.items() if name in self.attributes}


def indexes(table: Mapping[str, Any]) -> list[Index]:
    """Of a table's properties as in a template, or as `CreateTable` takes them."""
    table_keys = [key["AttributeName"] for key in table["KeySchema"]]
    found = []
    for index in table["GlobalSecondaryIndexes"]:
        keys = tuple(key["AttributeName"] for key in index["KeySchema"])
        projected = index["Projection"]["NonKeyAttributes"]
        found.append(Index(index["IndexName"], keys, frozenset((*table_keys, *keys, *projected))))
    return found


def write_units(before: Item, after: Item, indexes: Iterable[Index]) -> dict[str, int]:
    """Of one write, from an item (empty if there was none) to another: those of the table itself,
    under `TABLE`, and of each index."""
    units = {index.name: _index_units(index, before, after) for index in indexes}
    return {TABLE: _written(max(item_bytes(before), item_bytes(after)))} | units


def read_units(item: Item) -> int:
    """Of one strongly consistent read, whichever attributes it asks for."""
    return max(ceil(item_bytes(item) / READ_UNIT_BYTES), 1)


def stored_bytes(item: Item, indexes: Iterable[Index]) -> int:
    """In the table and in all indexes that it is in."""
    entries = [entry for index in indexes if (entry := index.entry(item))]
    return item_bytes(item) + sum(item_bytes(entry) + INDEX_OVERHEAD_BYTES for entry in entries)


def item_bytes(item: Item) -> int:
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _index_units(index: Index, before: Item, after: Item) -> int:
    """An entry under another key is taken out and put in anew: two writes."""
    old, new = index.entry(before), index.entry(after)
    if old == new:
        return 0
    if old and new and any(old[key] != new[key] for key in index.keys):
        return _written(item_bytes(old)) + _written(item_bytes(new))
    return _written(max(item_bytes(old), item_bytes(new)))


def _written(size: int) -> int:
    return max(ceil(size / WRITE_UNIT_BYTES), 1)


def _value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return ceil(len(content.strip("-").replace(".", "")) / 2) + 1
        case "SS":
            return sum(len(member.encode()) for member in content)
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _value_bytes(element) for element in content)
        case "M":
            return 3 + len(content) + item_bytes(content)
        case _:
            raise ValueError(f"no item of ours has a value of type {kind}")
