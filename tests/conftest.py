"""What all tests share: how they are spread over processes, and what is said when all are done."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.browser.chromium import MISSING

# Typer and Rich take these for a terminal; Typer looks when it is imported.
for name in ("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS"):
    os.environ.pop(name, None)

# How long an example takes says more about the machine's load than about the code.
settings.register_profile("any load", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any load")

TESTS = Path(__file__).parent
# Those that take longest, longest first, so that no process is left alone with one in the end.
LONGEST = (
    "stack",
    "e2e/test_documents.py",
    "e2e/test_upgrade.py",
    "e2e/test_soak.py",
    "e2e/test_local_stack.py",
    "infra",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    yield
    if config.getoption("loadgroup", False) and not all("@" in item.nodeid for item in items):
        # Each process would then make everything that is dear to make.
        raise pytest.UsageError("pytest-xdist does not group tests with this version of pytest")
    items.sort(key=lambda item: rank(group(item)))


def group(item: pytest.Item) -> str:
    """What is run in one process, because it shares what is dear to make.

    That is the local stack; the CDK, which checks its first template for several seconds; and else
    what a module makes.
    """
    if "stack" in getattr(item, "fixturenames", ()):
        return "stack"
    module = item.path.relative_to(TESTS)
    return "infra" if module.parts[0] == "infra" else str(module)


def rank(group: str) -> int:
    return LONGEST.index(group) if group in LONGEST else len(LONGEST)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes a sentence with a figure in it, to be printed when all tests are done."""
    return partial(record_property, "figure")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ended = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    said = [(name, value) for report in ended for name, value in report.user_properties]
    figures = [str(value) for name, value in said if name == "figure"]
    if figures:
        terminalreporter.section("figures")
        for sentence in figures:
            terminalreporter.write_line(sentence)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """The last line says that pages were not tested, if so."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter):
        skipped = [MISSING in str(report.longrepr) for report in reporter.getreports("skipped")]
        if any(skipped):
            reporter.write_line(f"page tests skipped: {sum(skipped)}; {MISSING}")
