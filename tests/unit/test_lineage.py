"""What failing nodes are made from: nearest first, and within bounds."""

import json

from functions.findings.artifacts import manifest
from functions.findings.lineage import MAX_NODES, checksums, edited


def graph(parents: dict[str, list[str]], **checksum: str) -> manifest.Manifest:
    nodes = {
        name: {"checksum": {"name": "sha256", "checksum": checksum.get(name, "same")}}
        for name in parents
    }
    return manifest.read(json.dumps({"nodes": nodes, "parent_map": parents}).encode())


def test_the_nearest_come_first_and_each_once() -> None:
    parents = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": [], "e": []}
    assert list(checksums(["a"], graph(parents))) == ["a", "b", "c", "d"]


def test_a_circle_comes_to_an_end() -> None:
    assert list(checksums(["a"], graph({"a": ["b"], "b": ["a"]}))) == ["a", "b"]


def test_a_chain_is_followed_within_a_bound() -> None:
    chain = {f"n{at}": [f"n{at + 1}"] for at in range(3 * MAX_NODES)}
    assert len(checksums(["n0"], graph(chain))) <= MAX_NODES


def test_a_checksum_of_another_kind_is_none() -> None:
    nodes = {"a": {"checksum": 7}, "b": {"checksum": {"name": "none", "checksum": ""}}, "c": {}}
    body = json.dumps({"nodes": nodes, "parent_map": {}}).encode()
    assert checksums(["a", "b", "c", "unknown"], manifest.read(body)) == {}


def test_what_is_new_since_counts_as_edited() -> None:
    now = checksums(["a"], graph({"a": ["b", "c"], "b": [], "c": []}, b="other"))
    assert edited(now, graph({"a": ["c"], "c": []})) == ("b",)
