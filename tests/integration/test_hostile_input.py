"""Genuine deliveries with anything in them: none is an error of ours, and none is lost."""

import base64
import gzip
import json
import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from cli.secrets.signing import signed_headers
from functions.ingest import handler as ingest
from functions.intake import quarantine
from functions.run.record import MAX_PACKED_EVENT_BYTES
from tests.integration.world import EVENTS, WEBHOOK_SECRET, Context, Item, World, new_world
from tests.unit.test_addresses import HOSTILE_API_URLS
from tests.unit.test_keys import RIGHT_TO_LEFT_OVERRIDE

EXAMPLE = json.loads((EVENTS / "run_completed.json").read_bytes())
RUN_ID = EXAMPLE["id"]
EMOJI = "\U0001f4a5"
MAX_ITEM_BYTES = 400 * 1024

HOSTILE_TEXTS = {
    "empty": "",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "template": "{{ 7 * 7 }}{% raw %}${jndi:ldap://example.com}",
    "emoji": EMOJI * 20,
    "line breaks": "a\r\nb\u2028c\x85d",
    "NUL and control characters": "a\0b\x1b[31mc\x7f",
    "right-to-left override": f"{RIGHT_TO_LEFT_OVERRIDE}emanelif",
    "GraphQL": '") { id } boltCommand(commandId: 1) { stdout } #',
    "SQL": "'; DROP TABLE runs; --",
    "path": "../../../etc/passwd",
    "DynamoDB": "#event_rank = :event_rank REMOVE event_gz",
    "long": "a" * 100_000,
    "long, of four bytes each": EMOJI * 50_000,
}


def body(**changes: Any) -> bytes:
    return json.dumps(EXAMPLE | changes).encode()


def with_commands(number: int) -> list[dict[str, Any]]:
    return [{"id": i, "command": "dbt run", "return_code": 1} for i in range(1, number + 1)]


def raw(old: str, new: str) -> bytes:
    """The example with a piece of its text replaced."""
    text = json.dumps(EXAMPLE)
    assert old in text
    return text.replace(old, new, 1).encode()


def incompressible(size: int) -> str:
    return random.Random(0).randbytes(size // 2).hex()  # noqa: S311  not a secret


ACCEPTED = {
    **{f"schedule name: {name}": body(schedule_name=t) for name, t in HOSTILE_TEXTS.items()},
    **{
        f"workspace name: {name}": body(workspace=EXAMPLE["workspace"] | {"name": text})
        for name, text in HOSTILE_TEXTS.items()
    },
    **{
        f"branch: {name}": body(environment={"branch": text, "actor": text, "email": text})
        for name, text in HOSTILE_TEXTS.items()
    },
    **{
        f"schedule's settings: {name}": body(
            schedule={
                "owner_email": text,
                "environment": text,
                "turbo_ci": {"enabled": True, "deferred_schedule_name": text},
            }
        )
        for name, text in HOSTILE_TEXTS.items()
    },
    **{
        f"command: {name}": body(commands=[EXAMPLE["commands"][-1] | {"command": text}])
        for name, text in HOSTILE_TEXTS.items()
    },
    **{f"status: {name}": body(status=text) for name, text in HOSTILE_TEXTS.items()},
    **{f"error: {name}": body(error_string=text) for name, text in HOSTILE_TEXTS.items()},
    **{f"run address: {name}": body(run_url=text) for name, text in HOSTILE_TEXTS.items()},
    "duplicate keys": raw(f'"id": {RUN_ID}', f'"id": 1, "id": {RUN_ID}'),
    "NaN in a setting": raw('"turbo_ci": null', '"turbo_ci": NaN'),
    "NaN in a description": raw('"error_string": null', '"error_string": NaN'),
    "a nest in a setting": raw('"turbo_ci": null', f'"turbo_ci": {"[" * 150}{"]" * 150}'),
    "many digits in a setting": raw('"turbo_ci": null', f'"turbo_ci": {"9" * 5000}'),
    "a number out of range in a setting": raw('"turbo_ci": null', '"turbo_ci": 1e999'),
    "a number out of range in a description": raw('"error_string": null', '"error_string": 1e999'),
    "infinity in a setting": raw('"turbo_ci": null', '"turbo_ci": [-Infinity]'),
    "no commands": body(commands=[]),
    "a command that is repeated": body(commands=EXAMPLE["commands"] * 3),
    "20,000 commands": body(commands=with_commands(20_000)),
    "a command with 20,000 resources": body(
        commands=[
            EXAMPLE["commands"][-1]
            | {"json_resources": [{"id": i, "path": "a.json"} for i in range(1, 20_001)]}
        ]
    ),
    "resource id as text": body(
        commands=[{"id": 1, "command": "x", "json_resources": [{"id": "1", "path": "a"}]}]
    ),
    "the largest ids": body(
        id=2**63 - 1, commands=[{"id": 2**63 - 1, "command": "dbt run", "return_code": 2**63 - 1}]
    ),
    "first day of the calendar": body(start_dttm="0001-01-01 00:00:00"),
    "last day of the calendar": body(end_dttm="9999-12-31 23:59:59.999999"),
    "an end before the start": body(end_dttm="0001-01-01 00:00:00"),
    "blanks, five mebibytes but for one": body().ljust(5 * 1024 * 1024 - 1),
    "unknown fields": body(**{"": 1, "\0": 2, "constructor": 3, "__proto__": {"id": 1}}),
}

QUARANTINED = {
    "id as text": body(id=str(RUN_ID)),
    "id with GraphQL": body(id=f"{RUN_ID}) {{ id }} x(id: 1"),
    "id as a float": body(id=float(RUN_ID)),
    "huge id": body(id=10**400),
    "negative id": body(id=-RUN_ID),
    "id as a boolean": body(id=True),
    "command id with GraphQL": body(commands=[{"id": "1) {id}", "command": "x"}]),
    "return code of 400 digits": body(commands=[{"id": 1, "command": "x", "return_code": 10**399}]),
    "workspace uid with a separator": body(workspace={"uid": "a#1", "name": "n"}),
    "NaN as the id": raw(f'"id": {RUN_ID}', '"id": NaN'),
    "infinity as the start": raw(
        '"start_dttm": "2023-10-15 16:44:01.476190"', '"start_dttm": Infinity'
    ),
    "byte-order mark": b"\xef\xbb\xbf" + body(),
    "UTF-16": json.dumps(EXAMPLE).encode("utf-16"),
    "no UTF-8": raw('"schedule_name": "daily_run"', '"schedule_name": "X"').replace(
        b'"X"', b'"\xff\xfe"'
    ),
    "5,000 digits": raw('"error_string": null', f'"error_string": {"9" * 5000}'),
    "lone surrogate": raw("daily_run", "\\ud800"),
    "lone surrogate in a setting": raw('"turbo_ci": null', '"turbo_ci": "\\udfff"'),
    "nesting a million deep": raw(
        '"turbo_ci": null', f'"turbo_ci": {"[" * 1_000_000}{"]" * 1_000_000}'
    ),
    "objects half a million deep": b'{"a":' * 500_000 + b"1" + b"}" * 500_000,
    "tiny when packed, huge when unpacked": gzip.compress(b" " * 100_000_000),
    "packed": gzip.compress(body()),
    "a NUL byte": b"\0",
    "no text at all": b"",
}

TOO_LARGE = {
    "five mebibytes": body().ljust(5 * 1024 * 1024),
    "over what a record can hold": body(
        padding=incompressible(2 * MAX_PACKED_EVENT_BYTES + 20_000)
    ),
    "over what a message can hold": b"[" + incompressible(4 * 1024 * 1024).encode(),
}


def deliver(world: World, body: bytes) -> Item:
    """As API Gateway hands over what it does not take for text."""
    answer: Item = ingest.handler(
        {
            "headers": signed_headers(WEBHOOK_SECRET, body, datetime.now(UTC)),
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        },
        Context(),
    )
    return answer


@pytest.fixture(scope="module")
def deployed() -> Iterator[World]:
    """One for all cases: emptied after each, and as strict as a deployed stack."""
    with pytest.MonkeyPatch.context() as patch, new_world(patch) as world:
        patch.setenv("ALLOW_LOOPBACK", "false")
        yield world


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    yield deployed
    deployed.clear()


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_it_is_accepted_and_recorded_whole(world: World, body: bytes) -> None:
    answer = deliver(world, body)
    assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (202, "accepted")
    [record] = world.records()
    assert gzip.decompress(record["event_gz"]["B"]) == body
    assert {"schedule_key", "workspace_uid", "started_at", "ended_at"} <= record.keys()
    assert item_bytes(record) < MAX_ITEM_BYTES
    assert len(world.messages("runs")) == 1


@pytest.mark.parametrize("body", QUARANTINED.values(), ids=QUARANTINED.keys())
def test_it_is_quarantined_whole(world: World, body: bytes) -> None:
    answer = deliver(world, body)
    assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (202, "quarantined")
    [message] = world.messages("quarantine")
    assert quarantine.parse(message).body == body
    assert world.records() == []


@pytest.mark.parametrize("body", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_it_is_too_large(world: World, body: bytes) -> None:
    assert deliver(world, body)["statusCode"] == 413
    assert world.records() == []


@pytest.mark.parametrize("url", HOSTILE_API_URLS.values(), ids=HOSTILE_API_URLS.keys())
def test_nothing_is_sent_to(url: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", _fail)
    assert deliver(world, body(api_url=url))["statusCode"] == 202
    world.drain()
    [record] = world.records()
    assert record["archive_state"]["S"] == "failed"
    assert record["archive_error"]["S"].startswith("api_url ")
    assert len(world.messages("dead-letters")) == 1


def _fail(*args: object, **options: object) -> None:
    raise AssertionError("something was sent")


def item_bytes(item: Item) -> int:
    """An item's size as DynamoDB counts it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Item) -> int:
    [(kind, held)] = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "B":
            return len(held)
        case "N":
            return 21  # at most: two digits a byte, and one byte
        case "SS":
            return sum(len(text.encode()) for text in held)
        case "L":
            return 3 + sum(1 + _value_bytes(member) for member in held)
        case "M":
            return 3 + len(held) + item_bytes(held)
        case _:
            return 1


def largest() -> bytes:
    """The largest delivery that is accepted, all its texts at their largest."""
    fields = dict.fromkeys(
        ["schedule_name", "status", "error_string", "run_url", "api_url"], EMOJI * 1024
    ) | {
        "workspace": {"uid": "u" * 64, "name": EMOJI * 1024},
        "environment": dict.fromkeys(
            ["actor", "branch", "commit_hash", "email", "pull_request_id"], EMOJI * 1024
        ),
        "parent_schedule_run_id": 2**63 - 1,
        "schedule": {
            "owner_email": EMOJI * 1024,
            "environment": EMOJI * 1024,
            "turbo_ci": {
                "enabled": True,
                "deferred_schedule_name": EMOJI * 1024,
                "defer_environment_slug": EMOJI * 1024,
            },
        },
        "commands": [
            {"id": 2**63 - i, "command": EMOJI * 256, "status": EMOJI * 256, "return_code": 2**62}
            for i in range(1, 200)
        ],
    }

    def packed_bytes(padding: int) -> int:
        return len(gzip.compress(body(**fields, padding=incompressible(padding)))) + 64

    sizes = range(0, 2 * MAX_PACKED_EVENT_BYTES, 64)
    fits = bisect_right(sizes, MAX_PACKED_EVENT_BYTES, key=packed_bytes) - 1
    return body(**fields, padding=incompressible(sizes[fits]))


def test_the_largest_record_is_one_that_dynamodb_takes(world: World) -> None:
    """With room for what the archive adds: its prefix, its error, twenty failures."""
    assert deliver(world, largest())["statusCode"] == 202
    [record] = world.records()
    assert len(record["event_gz"]["B"]) > MAX_PACKED_EVENT_BYTES - 1024
    assert item_bytes(record) < MAX_ITEM_BYTES - 24 * 1024


def test_of_twenty_thousand_commands_the_record_counts_all(world: World) -> None:
    deliver(world, ACCEPTED["20,000 commands"])
    [record] = world.records()
    assert record["command_count"]["N"] == record["failed_command_count"]["N"] == "20000"
    assert 0 < len(record["commands"]["L"]) < 20_000


def test_no_attribute_of_a_key_is_longer_than_dynamodb_takes(world: World) -> None:
    deliver(world, body(schedule_name=EMOJI * 5000))
    [record] = world.records()
    assert len(record["schedule_key"]["S"].encode()) <= 2048
    description = boto3.client("dynamodb").describe_table(TableName=world.table)["Table"]
    for attribute in description["AttributeDefinitions"]:
        assert 0 < len(record[attribute["AttributeName"]]["S"].encode()) <= 1024
