"""What a name server answers for a moment decides nothing for good."""

import json
import socket
from typing import Any

import pytest

from tests.integration.world import World


def test_a_run_waits_while_the_api_s_name_leads_inside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a resolver's block page, or where two views of a zone meet."""
    payload = json.loads(world.payload())
    payload["api_url"] = payload["api_url"].replace("127.0.0.1", "localhost")
    world.send(json.dumps(payload).encode())

    def inside(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        address = "10.0.0.53" if host == "localhost" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", inside)
        assert world.receive()
    record = world.record()
    assert record is not None
    assert record["archive_state"] == "incomplete"
    assert "the host localhost is at 10.0.0.53" in record["archive_error"]
    assert world.messages("dead-letters") == []
    world.drain()
    record = world.record()
    assert record is not None
    assert record["archive_state"] == "archived"
