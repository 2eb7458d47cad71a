"""Bodies to sign: the sample payloads as they are, changed as JSON, changed as bytes, and junk."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

EVENTS = Path(__file__).parents[2] / "events"
SAMPLES = [path.read_bytes() for path in sorted(EVENTS.glob("run_*.json"))]

ODD_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**31,
    2**63,
    10**400,
    float("nan"),
    float("inf"),
    -0.0,
    "",
    " ",
    "0",
    "63187",
    "x" * 3000,
    "\x00",
    "\ud800",
    "\u202e\u2066",
    "\U0001f9ea" * 200,
    "\r\nX-Injected: 1",
    "<script>alert(1)</script>",
    "'; DROP TABLE runs; --",
    "{boltCommand(commandId: 1) {stdout}}",
    "../" * 50,
    "C:\\",
    "canceled",
    "0001-01-01 00:00:00+14:00",
    "9999-12-31 23:59:59.999999-14:00",
    "2023-10-15",
    "https://user:password@api.paradime.io",
    [],
    {},
    [[]],
    [None] * 50,
    {"id": 1},
    {"": ""},
]
JUNK: list[bytes] = [
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"0",
    b"NaN",
    b"{" * 2000,
    b"[" * 4000,
    b'{"a":' * 1000 + b"1" + b"}" * 1000,
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b"\x1f\x8b\x08\x00",
    b"\xed\xa0\x80",
    b'{"id": 1, "id": 2}',
    b'{"test": 2432232314}',
    b"<html></html>",
    b"a=b&c=d",
]


def body(chance: Random) -> bytes:
    make: Callable[[Random], bytes] = chance.choices(
        [_sample, _changed_as_json, _changed_as_bytes, _junk], [25, 40, 25, 10]
    )[0]
    return make(chance)


def flipped(chance: Random, data: bytes) -> bytes:
    """One to three changes of single bytes or short runs of them."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(changed))
        match chance.randrange(4):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                changed[at:at] = chance.randbytes(chance.randint(1, 8))
            case 2:
                del changed[at : at + chance.randint(1, 8)]
            case _:
                changed[at:at] = changed[at : at + chance.randint(1, 200)]
    return bytes(changed)


def _sample(chance: Random) -> bytes:
    return chance.choice(SAMPLES)


def _changed_as_json(chance: Random) -> bytes:
    event = json.loads(_sample(chance))
    for _ in range(chance.randint(1, 3)):
        _change(chance, event)
    return json.dumps(event, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")


def _change(chance: Random, event: Any) -> None:
    """Replaces, removes, doubles or adds something at a random depth."""
    place, key = event, chance.choice(list(event) or [""])
    while isinstance(place.get(key) if isinstance(place, dict) else place[key], dict | list):
        deeper = place[key]
        if not deeper or chance.random() < 0.2:
            break
        place = deeper
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
    match chance.randrange(6):
        case 0:
            del place[key]
        case 1 if isinstance(place, list):
            place.extend(place[:20])
        case 2 if isinstance(place, dict):
            place[chance.choice(["", "extra", "__proto__", key.upper()])] = deepcopy(place[key])
        case _:
            place[key] = deepcopy(chance.choice(ODD_VALUES))


def _changed_as_bytes(chance: Random) -> bytes:
    data = flipped(chance, _sample(chance))
    return data[: chance.randint(0, len(data))] if chance.random() < 0.1 else data


def _junk(chance: Random) -> bytes:
    return chance.choice([*JUNK, chance.randbytes(chance.randint(1, 300))])
