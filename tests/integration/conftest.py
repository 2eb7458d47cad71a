"""Fixtures of the tests that run both handlers in one process."""

from collections.abc import Callable, Iterator

import pytest

from tests.integration.world import World, new_world

_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with new_world(monkeypatch) as world:
        yield world


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes a sentence with a figure in it, to be printed when all tests are done."""
    return request.config.stash.setdefault(_FIGURES, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if figures := config.stash.get(_FIGURES, []):
        terminalreporter.section("figures")
        for sentence in figures:
            terminalreporter.write_line(sentence)
