"""One local stack for the tests of all modules that need no settings of their own.

They keep apart by the ids of their runs, and where that does not do, by schedules and workspaces of
their own. A test that waits until a queue is empty leaves it empty.
"""

from collections.abc import Iterator

import pytest

from local.stack.outputs import Outputs
from local.stack.stack import LocalStack, local_stack
from tests.e2e.client import Client

# In this order: calls with each role's rights leave behind what no function would write, and the
# search for secrets is to find the log lines of all others.
LAST = ("test_permissions.py", "test_logs_hold_no_secret.py")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with local_stack(tmp_path_factory.mktemp("local-stack")) as stack:
        yield stack


@pytest.fixture(scope="session")
def outputs(stack: LocalStack) -> Outputs:
    return stack.outputs


@pytest.fixture(scope="session")
def client(outputs: Outputs) -> Client:
    return Client(outputs)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LAST.index(item.path.name) if item.path.name in LAST else -1)
