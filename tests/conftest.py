"""What all tests share: output as into a pipe, and figures that are printed at the end."""

import os
from collections.abc import Callable

import pytest

# Typer and Rich take these for a terminal; Typer looks when it is imported.
for name in ("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS"):
    os.environ.pop(name, None)

_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
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
