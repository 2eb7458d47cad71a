"""dbt artifacts that are meant to do harm, generated piece by piece."""

import json
import random
from collections.abc import Iterable, Iterator
from itertools import chain, repeat

Pieces = Iterable[bytes]
# Just below the number of values that an artifact may have.
MOST_VALUES = 2_990_000


def results(nodes: Iterable[bytes]) -> Pieces:
    """A `run_results.json` with these results, verbatim."""
    yield from _enclosed(b'{"metadata": {}, "results": [', nodes, b'], "elapsed_time": 1.0}')


def node(unique_id: str, status: str = "error", **more: object) -> bytes:
    return json.dumps({"unique_id": unique_id, "status": status, **more}).encode()


def failed_and_skipped(failed: Iterable[str], skipped: Iterable[str]) -> Pieces:
    return results(chain(map(node, failed), (node(name, "skipped") for name in skipped)))


def parents(of_nodes: Iterable[tuple[str, list[str]]]) -> Pieces:
    """A `manifest.json` that holds only what each node depends on."""
    entries = (f'"{name}": {json.dumps(before)}'.encode() for name, before in of_nodes)
    yield from _enclosed(b'{"metadata": {}, "nodes": {}, "parent_map": {', entries, b"}}")


def names(kind: str, count: int) -> list[str]:
    return [f"model.poison.{kind}_{number}" for number in range(count)]


def chained(count: int) -> Iterator[tuple[str, list[str]]]:
    """Each skipped node depends on its own failed node and on the skipped node before it."""
    before: list[str] = []
    for failed, skipped in zip(names("failed", count), names("skipped", count), strict=True):
        yield skipped, [failed, *before]
        before = [skipped]


def layered(failed: int, skipped: int) -> Iterator[tuple[str, list[str]]]:
    """Each skipped node depends on three earlier nodes, as in a project of many models."""
    chance = random.Random(1)  # noqa: S311 (chooses, guards nothing)
    known = names("failed", failed)
    for name in names("skipped", skipped):
        yield name, chance.sample(known, 3)
        known.append(name)


def hub(failed: int, skipped: int) -> Iterator[tuple[str, list[str]]]:
    """One skipped node depends on every failed node, and all other skipped nodes on it."""
    first, *others = names("skipped", skipped)
    yield first, names("failed", failed)
    for name in others:
        yield name, [first]


def circle(count: int) -> Iterator[tuple[str, list[str]]]:
    """Skipped nodes that depend on each other in a circle, and on themselves."""
    skipped = names("skipped", count)
    for number, name in enumerate(skipped):
        yield name, [name, skipped[number - 1], f"model.poison.failed_{number}"]


def wordy(part: int) -> Pieces:
    """16 MB of failed nodes, each with a message and code of 2,000 characters."""
    for number in range(4_000):
        text = f"part {part}, node {number}: ".ljust(2_000, "x")
        yield node(f"model.poison.wordy_{part}_{number}", message=text, compiled_code=text)


def long_named() -> Pieces:
    """Twenty nodes with names of a million characters."""
    for number in range(20):
        yield node(f"model.poison.{number}{'n' * 1_000_000}", message="it broke")


def odd_numbers() -> Pieces:
    for number in (b"NaN", b"Infinity", b"1e999", b"9" * 5_000, b"-0", b"1e-999"):
        yield (
            b'{"unique_id": "model.poison.n%d", "status": "error", "message": "it broke",'
            b' "failures": %s, "execution_time": %s}'
        ) % (len(number), number, number)


def lone_surrogates() -> Pieces:
    """Half of a surrogate pair, which JSON can express but UTF-8 cannot."""
    yield rb'{"unique_id": "model.poison.\ud800", "status": "error", "message": "\udfff broke"}'


def of_emoji(megabytes: int) -> Pieces:
    """One message of so many megabytes, in which each character takes four bytes."""
    yield b'{"unique_id": "model.poison.loud", "status": "error", "message": "'
    yield from repeat("🔥".encode() * 250_000, megabytes)
    yield b'"}'


def repeated_key() -> Pieces:
    """An object with 700,000 times the same key, of which the last one counts."""
    yield b'{"results": [],'
    yield from repeat(b'"results": [],' * 1_000, 700)
    yield b'"results": [%s]}' % node("model.poison.last")


def nested() -> Pieces:
    yield b'{"results": '
    yield from repeat(b"[" * 1_000_000, 20)


def wrong_values(head: bytes, tail: bytes) -> Pieces:
    """As many zeros as an artifact may have values, in place of objects."""
    yield from _enclosed(head, repeat(b"0", MOST_VALUES), tail)


def wrong_members(head: bytes, value: bytes, count: int) -> Pieces:
    """The same in an object, with a key for each."""
    yield from _enclosed(head, (b'"%x":%s' % (number, value) for number in range(count)), b"}}")


def blanks(megabytes: int) -> Pieces:
    """Valid JSON with almost nothing but blanks."""
    yield b'{"results": ['
    yield from repeat(b" " * 1_000_000, megabytes)
    yield b"]}"


def _enclosed(head: bytes, items: Iterable[bytes], tail: bytes) -> Pieces:
    yield head
    comma = b""
    for item in items:
        yield comma + item
        comma = b","
    yield tail
