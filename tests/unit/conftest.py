"""Unit tests reach nothing outside their process."""

import pytest
from pytest_socket import disable_socket, enable_socket


def pytest_runtest_setup() -> None:
    disable_socket()


# Last: a test may have replaced a function of `socket`, and gets the disabled one back.
@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    enable_socket()
