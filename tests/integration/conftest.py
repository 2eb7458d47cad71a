"""Fixtures of the tests that run the handlers in one process."""

from collections.abc import Iterator

import pytest

from tests.integration.world import World, new_world


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with new_world(monkeypatch) as world:
        yield world
