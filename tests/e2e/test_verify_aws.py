"""`make verify-aws`, with the local stack for an account."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from infra.cdk_cli import ROOT
from local.stack.aws import without_aws
from local.stack.stack import LocalStack, local_stack
from tests.e2e.account import names_in_account
from tests.e2e.client import Client

pytestmark = pytest.mark.e2e

STEPS = [
    "deployed",
    "unsigned delivery refused",
    "signed delivery accepted",
    "run recorded",
    "run archived",
    "failed run announced",
    "alarms",
    "removed",
]


def verified(stack: LocalStack, *options: str) -> "subprocess.CompletedProcess[str]":
    # What ships to Lambda does not run here, and the local stack speaks plain HTTP.
    return subprocess.run(
        [sys.executable, "-m", "tools.verify_aws", "-c", "local={}", *options],
        cwd=ROOT,
        env={**without_aws(), **stack.outputs.operator.environment(), "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Of its own: other tests make functions fail, and then the embedded AWS rings the alarms of
    every stack in it.
    """
    with local_stack(tmp_path_factory.mktemp("account")) as stack:
        yield stack


@pytest.fixture(scope="module")
def check(account: LocalStack) -> "subprocess.CompletedProcess[str]":
    return verified(account)


def test_a_stack_that_works_passes_every_step(
    check: "subprocess.CompletedProcess[str]",
) -> None:
    assert check.returncode == 0, check.stdout + check.stderr
    lines = [line for line in check.stdout.splitlines() if line.startswith("  ")]
    assert [line.strip().partition("  ")[0] for line in lines] == STEPS
    assert check.stdout.splitlines()[-1] == "Everything works, and nothing is left."


def test_the_report_fits_a_terminal(check: "subprocess.CompletedProcess[str]") -> None:
    assert "…" not in check.stdout
    assert all(len(line) <= 80 for line in check.stdout.splitlines())


def test_nothing_is_left(check: "subprocess.CompletedProcess[str]", account: LocalStack) -> None:
    name = check.stdout.partition(",")[0]
    assert name.startswith("ParadimeRunArchive-verify-")
    assert not any(names_in_account(Client(account.outputs), name).values())


def test_a_step_that_failed_is_said_with_its_reason(account: LocalStack) -> None:
    broken = verified(account, "-c", "throttleRate=0")
    assert broken.returncode == 1
    assert "throttleRate" in broken.stdout
    assert broken.stdout.splitlines()[-1] == "FAILED"
