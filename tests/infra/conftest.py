"""The template of a deployed stack, made once."""

from typing import Any

import pytest

from tests.infra.templates import synthesized


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return synthesized()
