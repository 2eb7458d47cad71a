"""One local stack a module: what the tests of one leave behind, no other finds.

But for its log lines: they are kept until the last module, which searches all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from local.stack.outputs import Outputs
from local.stack.stack import LocalStack, local_stack
from tests.e2e.client import Client

SEARCH = "test_logs_hold_no_secret.py"


@dataclass(frozen=True)
class Gathered:
    """Every log line of the stacks that are gone, and the secrets that they had."""

    lines: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)

    def add(self, client: Client) -> None:
        self.lines.extend(client.log_lines())
        self.secrets.add(client.outputs.signing_secret.removeprefix("whsec_"))
        self.secrets.add(client.outputs.secret_access_key)


@pytest.fixture(scope="session")
def gathered() -> Gathered:
    return Gathered()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, gathered: Gathered) -> Iterator[LocalStack]:
    with local_stack(tmp_path_factory.mktemp("local-stack")) as stack:
        yield stack
        gathered.add(Client(stack.outputs))


@pytest.fixture(scope="module")
def outputs(stack: LocalStack) -> Outputs:
    return stack.outputs


@pytest.fixture(scope="module")
def client(outputs: Outputs) -> Client:
    return Client(outputs)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name == SEARCH)
