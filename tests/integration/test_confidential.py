"""Credentials and links that an error of Paradime's API quotes are told to nobody."""

import logging

import pytest

from local.standin.credentials import DEFAULT_CREDENTIALS
from local.standin.faults import GraphqlErrors
from tests.integration.world import World


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "403 Client Error: Forbidden for url: https://store.example/file?X-Sig=0penSesame",
            "Forbidden for url: https://store.example/file…",
        ),
        (
            'no {"url":"https://store.example/a?s=0penSesame","or":"https://b?s=0penSesame"}',
            'no {"url":"https://store.example/a…',
        ),
        ("cannot clone https://bot:0penSesame@git.example/a", "cannot clone https://…git.example"),
        (f"unknown key {DEFAULT_CREDENTIALS.api_key}", "unknown key …"),
        (f"bad secret '{DEFAULT_CREDENTIALS.api_secret}'", "bad secret '…'"),
    ],
)
def test_an_error_of_the_api_is_told_without(
    world: World, caplog: pytest.LogCaptureFixture, said: str, told: str
) -> None:
    """Neither in a log nor in the record, the inventory or the page, once the run is given up."""
    caplog.set_level(logging.INFO)
    world.standin.faults.add(GraphqlErrors(on="api:boltResourceUrl:*", message=said))
    world.send(world.payload())
    world.drain()
    record = world.record()
    assert record is not None
    assert told in record["archive_error"]
    logged = " ".join(str(vars(line)) for line in caplog.records)
    assert told in logged
    stored = b" ".join(world.objects().values()).decode(errors="replace")
    for secret in ("0penSesame", DEFAULT_CREDENTIALS.api_key, DEFAULT_CREDENTIALS.api_secret):
        assert secret not in f"{record} {logged} {stored}"
