"""What is not as it should be is refused, quarantined or given up: never lost, never a fault."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.secrets.signing import signed_headers
from functions.intake import quarantine
from functions.intake.pointer import Pointer
from tests.integration.world import WEBHOOK_SECRET, World


def payload_with(world: World, **changes: Any) -> bytes:
    return json.dumps(json.loads(world.payload()) | changes).encode()


def signed(body: bytes, sent_before: timedelta = timedelta()) -> dict[str, str]:
    return signed_headers(WEBHOOK_SECRET, body, datetime.now(UTC) - sent_before)


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(dict[str, str], id="missing"),
        pytest.param(lambda: signed(b"another body"), id="wrong"),
        pytest.param(lambda: signed(b"{}", timedelta(minutes=6)), id="old"),
        pytest.param(lambda: signed(b"{}", timedelta(minutes=-6)), id="future"),
    ],
)
def test_an_unverified_delivery_is_refused_with_the_one_body(
    world: World, sign: Callable[[], dict[str, str]]
) -> None:
    answer = world.send(b"{}", sign())
    assert (answer["statusCode"], answer["body"]) == (401, '{"error": "unauthorized"}')
    assert world.records() == []
    assert world.messages("quarantine") == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"not JSON", id="not JSON"),
        pytest.param(b"", id="empty"),
        pytest.param(b"[1, 2]", id="not an object"),
        pytest.param(b'{"id": 1}', id="no workspace"),
        pytest.param(b'{"workspace": {"uid": "w"}, "status": "failed"}', id="no id"),
        pytest.param(b'{"type": "user.created", "data": {}}', id="another event"),
    ],
)
def test_a_genuine_delivery_that_is_not_understood_is_quarantined_whole(
    world: World, body: bytes
) -> None:
    answer = world.send(body)
    assert answer["statusCode"] == 202
    assert json.loads(answer["body"]) == {"status": "quarantined", "run": None}
    [message] = world.messages("quarantine")
    assert quarantine.parse(message).body == body
    assert world.records() == []


@pytest.mark.parametrize("run_id", ["63187", 63187.5, True, None, -1, 0, 10**400])
def test_an_id_that_is_no_positive_integer_is_quarantined(world: World, run_id: object) -> None:
    world.send(payload_with(world, id=run_id))
    assert len(world.messages("quarantine")) == 1


def test_a_body_of_five_mebibytes_is_too_large(world: World) -> None:
    answer = world.send(b" " * (5 * 1024 * 1024))
    assert (answer["statusCode"], answer["body"]) == (413, '{"error": "too large"}')


def test_a_large_body_that_nobody_signed_is_refused_as_any_other(world: World) -> None:
    assert world.send(b" " * (5 * 1024 * 1024), {})["statusCode"] == 401


def test_an_unknown_status_is_no_error(world: World) -> None:
    answer = world.send(payload_with(world, status="exploded"))
    assert answer["statusCode"] == 202
    record = world.record()
    assert record is not None
    assert record["state"] == "exploded"
    assert record["archive_state"] == "queued"


def test_unknown_fields_are_kept_in_the_stored_body(world: World) -> None:
    body = payload_with(world, news={"of": "tomorrow"})
    world.send(body)
    world.drain()
    assert body in world.objects().values()


def test_a_pointer_to_an_unknown_run_goes_to_the_dead_letters(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    pointer = Pointer(workspace_uid="w", run_id=7).to_json()
    world.sqs.send_message(QueueUrl=world.queues["runs"], MessageBody=pointer)
    world.drain()
    assert world.messages("dead-letters") == [pointer]
    assert "no record of run w#7" in caplog.records[-1].__dict__["reason"]


def test_a_message_that_is_no_pointer_goes_to_the_dead_letters(world: World) -> None:
    world.sqs.send_message(QueueUrl=world.queues["runs"], MessageBody="hello")
    world.drain()
    assert world.messages("dead-letters") == ["hello"]


@pytest.mark.parametrize(
    "api_url",
    [
        "https://api.paradime.io.example.com/graphql",
        "http://api.paradime.io/graphql",
        "https://example.com/graphql",
    ],
)
def test_an_api_address_that_is_not_allowed_gets_nothing_and_gives_the_run_up(
    world: World, api_url: str
) -> None:
    world.send(payload_with(world, api_url=api_url))
    world.drain()
    record = world.record()
    assert record is not None
    assert record["archive_state"] == "failed"
    assert api_url in record["archive_error"]
    assert len(world.messages("dead-letters")) == 1
    assert not list(world.standin.requests)
