"""One local stack a module: what the tests of one leave behind, no other finds."""

from collections.abc import Iterator

import pytest

from local.outputs import Outputs
from local.stack import LocalStack, local_stack
from tests.e2e.client import Client


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with local_stack(tmp_path_factory.mktemp("local-stack")) as stack:
        yield stack


@pytest.fixture(scope="module")
def outputs(stack: LocalStack) -> Outputs:
    return stack.outputs


@pytest.fixture(scope="module")
def client(outputs: Outputs) -> Client:
    return Client(outputs)
