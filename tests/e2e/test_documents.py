"""Every command in README.md and docs, run as it is written, with the local stack for AWS.

`cdk` and `aws` are pointed at it by environment variables. What it cannot do, a comment in the
document says (`tests/documents/blocks.py`); the tests' names count both. Where a document shows
what a command prints, it is compared with what 80 columns show.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from infra.cdk_cli import ROOT, with_own_tools
from local.stack.aws import Operator, without_aws
from local.stack.deployment import stack_outputs
from local.stack.outputs import Outputs
from local.stack.stack import local_stack, ready_outputs
from local.standin import Standin, load_runs
from tests.documents.blocks import DOCUMENTS, Block, blocks
from tests.documents.shell import Shell
from tests.e2e.account import Names, names_in_account
from tests.e2e.client import Client, Record, eventually
from tests.e2e.payloads import PARADIME, payload, run_key

pytestmark = pytest.mark.e2e

STACK = "ParadimeRunArchive"
AWS = ROOT / ".venv" / "aws" / "bin" / "aws"
RUN = run_key(63187)
OPERATIONS = "docs/operations.md"
# One after the other in one shell, before all others: they deploy the stack and look after it.
GUIDES = ("docs/deploy.md", OPERATIONS, "docs/repair.md")
# Run last, and in the order of `_removed`.
REMOVE, DELETE, AGAIN = "Remove", "Delete what was kept", "Deploy again"
COMMANDS = {
    str(document.relative_to(ROOT)): found for document in DOCUMENTS if (found := blocks(document))
}
# For Rich: a terminal of 80 columns that knows no colours.
TERMINAL = {"TERM": "dumb", "FORCE_COLOR": "1", "COLUMNS": "80"}
NOT_COPIED = (".*", "node_modules", "cdk.out", "__pycache__", "*.egg-info")


@dataclass(frozen=True)
class Kept:
    """What the users of a stack have in it, and which parts it has."""

    names: Names
    records: dict[str, Record]
    objects: dict[str, bytes]


@dataclass
class Account:
    """The stack that the documents deploy, and what happens to it that they do not type."""

    operator: Operator
    standin: Standin
    local: Client
    """The stack of `--local`, beside it."""
    failures: dict[str, str] = field(default_factory=dict)
    archived: list[dict[str, bytes]] = field(default_factory=list)
    """The objects of run 63187 whenever they were to be whole."""

    def client(self) -> Client:
        return Client(self.outputs())

    def outputs(self) -> Outputs:
        return ready_outputs(stack_outputs(STACK, self.operator), self.operator)

    def happens(self, event: str) -> None:
        """What a document says by `<!-- meanwhile: … -->`."""
        events: dict[str, Callable[[], None]] = {
            "a run fails in Paradime": self.run_fails,
            "files of run 63187 are deleted": self.files_are_deleted,
            "the API secret is deleted": self.api_secret_is_deleted,
            "run 63187 is archived locally": partial(self.local_run_is, "archived", 63187),
            "run 63188 waits locally": partial(self.local_run_is, "incomplete", 63188),
            "run 63188 is archived locally": partial(self.local_run_is, "archived", 63188),
        }
        events[event]()

    def run_fails(self, name: str = "run_completed", run: str = RUN) -> None:
        client = self.client()
        answer = client.send(payload(name, self.standin.api_url))
        assert answer.status_code == 202, answer.text
        client.await_archive_state(run, "archived")

    def files_are_deleted(self) -> None:
        self.archive_is_whole()
        client = self.client()
        for key in list(self.archived[-1])[:3]:
            client.s3.delete_object(Bucket=client.outputs.bucket, Key=key)

    def api_secret_is_deleted(self) -> None:
        client = self.client()
        client.aws("secretsmanager").delete_secret(SecretId=client.outputs.api_secret_arn)

    def local_run_is(self, state: str, run_id: int) -> None:
        """And if it waits, it says why."""

        def looks_so() -> bool:
            record = self.local.record(run_key(run_id))
            waits = state == "incomplete"
            return record.get("archive_state") == state and waits == ("archive_error" in record)

        eventually(looks_so, f"run {run_id} is {state}")

    def archive_is_whole(self) -> None:
        client = self.client()
        record = client.await_archive_state(RUN, "archived")
        self.archived.append(client.objects(record["archive_prefix"]))


@dataclass(frozen=True)
class Lived:
    """What became of the stack, and the failure of each document that failed."""

    failures: dict[str, str]
    archived: list[dict[str, bytes]]
    deployed: Kept
    destroyed: Kept
    again: Kept
    deleted: Names


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    checkout = tmp_path_factory.mktemp("checkout") / "paradime-run-archive"
    _copy_checkout(checkout)
    with (
        Standin(load_runs(PARADIME)) as standin,
        local_stack(checkout / ".local") as stack,  # that of `--local`
    ):
        variables = _environment(checkout, stack.outputs.operator)
        _synthesize(checkout, variables)
        account = Account(stack.outputs.operator, standin, Client(stack.outputs))
        with Shell(checkout, variables) as guided:
            for guide in GUIDES:
                _run_document(guided, account, guide, _stays)
            account.archive_is_whole()
            for document in (name for name in COMMANDS if name not in GUIDES):
                _try_document(checkout, variables, account, document)
            yield _removed(guided, account)


def _copy_checkout(directory: Path) -> None:
    shutil.copytree(ROOT, directory, ignore=shutil.ignore_patterns(*NOT_COPIED))
    for file in directory.rglob("*"):
        os.utime(file, (10**9, 10**9))  # `make` sets up anew what is newer than its mark
    packages = ROOT / "cdk.out" / "packages"  # installed once for each lock file
    packages.mkdir(parents=True, exist_ok=True)
    (directory / "cdk.out").mkdir()
    (directory / "bin").mkdir()
    for link, there in {
        ".venv": Path(sys.prefix),
        "node_modules": ROOT / "node_modules",
        "cdk.out/packages": packages,
    }.items():
        (directory / link).symlink_to(there)
    # Version 1 takes no heed of the variable when it is asked for a queue.
    aws = directory / "bin" / "aws"
    aws.write_text(f'#!/bin/sh\nexec "{AWS}" --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n')
    aws.chmod(0o755)


def _environment(checkout: Path, operator: Operator) -> dict[str, str]:
    """That of a shell in the checkout, with the embedded AWS as the account."""
    variables = with_own_tools({**without_aws(), **operator.environment()})
    return {
        **variables,
        "PATH": f"{checkout / 'bin'}{os.pathsep}{variables['PATH']}",
        "PYTHONPATH": str(checkout),
        "NO_PROXY": "127.0.0.1",
        "CDK_APP": "cdk.out",  # once synthesized, for all commands
        # Nobody is there to be asked.
        "CDK_REQUIRE_APPROVAL": "never",
        "CDK_FORCE": "true",
        "CDK_NOTICES": "false",
    }


def _synthesize(checkout: Path, variables: Mapping[str, str]) -> None:
    """The local variant, under the name that a deployed stack has."""
    subprocess.run(
        [sys.executable, "-m", "infra.synth", "--context=local={}", "--no-validation"],
        cwd=checkout,
        env={key: value for key, value in variables.items() if key != "CDK_APP"},
        check=True,
    )


def _run_document(
    shell: Shell, account: Account, document: str, which: Callable[[Block], bool]
) -> None:
    for block in filter(which, COMMANDS[document]):
        if block.notes.not_run is None:
            if block.notes.meanwhile is not None:
                account.happens(block.notes.meanwhile)
            shell.run(block)


def _try_document(
    checkout: Path, variables: Mapping[str, str], account: Account, document: str
) -> None:
    with Shell(checkout, {**variables, **TERMINAL}) as shell:
        try:
            shell.run(COMMANDS[OPERATIONS][0])  # what the others refer to
            _run_document(shell, account, document, lambda _: True)
        except AssertionError as failure:  # of a block, or of what was waited for
            account.failures[document] = str(failure)


def _stays(block: Block) -> bool:
    return block.heading not in (REMOVE, DELETE, AGAIN)


def _removed(shell: Shell, account: Account) -> Lived:
    """Removed, deployed again on what was kept, removed again, and all deleted."""

    def run(heading: str) -> None:
        _run_document(shell, account, OPERATIONS, lambda block: block.heading == heading)

    client = account.client()
    deployed = _kept(client)
    run(REMOVE)
    destroyed = _kept(client)
    run(AGAIN)
    again = _kept(account.client())
    account.run_fails("run_completed_tests", run_key(63188))
    run(REMOVE)
    run(DELETE)
    deleted = names_in_account(client, STACK)
    return Lived(account.failures, account.archived, deployed, destroyed, again, deleted)


def _kept(client: Client) -> Kept:
    return Kept(
        names_in_account(client, STACK),
        {record["run_key"]: record for record in client.records()},
        client.objects("runs/"),
    )


def _count(found: list[Block]) -> str:
    run = sum(block.notes.not_run is None for block in found)
    return f"{run} run, {len(found) - run} not"


# --- the commands


@pytest.mark.parametrize(
    "document",
    [pytest.param(name, id=f"{name}: {_count(found)}") for name, found in COMMANDS.items()],
)
def test_every_command_runs(lived: Lived, document: str) -> None:
    if document in lived.failures:
        pytest.fail(lived.failures[document])


# --- what the guides say of them


def test_replay_and_versions_bring_deleted_files_back(lived: Lived) -> None:
    first, *later = lived.archived
    assert first
    assert later == [first, first]


def test_what_works_goes_with_the_stack(lived: Lived) -> None:
    kinds = ("function", "topic", "alarm", "role")
    assert all(lived.deployed.names[kind] for kind in kinds)
    assert [lived.destroyed.names[kind] for kind in kinds] == [set()] * len(kinds)


@pytest.mark.parametrize("kind", ["bucket", "secret", "log group"])
def test_what_only_its_owner_may_lose_stays(lived: Lived, kind: str) -> None:
    assert lived.deployed.names[kind]
    assert lived.destroyed.names[kind] == lived.deployed.names[kind]


@pytest.mark.parametrize(("kind", "part"), [("table", "Records"), ("queue", "Quarantine")])
def test_of_several_only_what_is_nowhere_else_stays(lived: Lived, kind: str, part: str) -> None:
    [kept] = lived.destroyed.names[kind]
    assert part in kept


def test_records_and_objects_stay(lived: Lived) -> None:
    assert RUN in lived.deployed.records
    assert lived.destroyed.records == lived.deployed.records
    assert lived.destroyed.objects == lived.deployed.objects


def test_deployed_again_it_goes_on_with_what_was_kept(lived: Lived) -> None:
    assert lived.again.names["function"]
    assert lived.again.names["bucket"] == lived.deployed.names["bucket"]
    assert lived.again.records == lived.deployed.records
    assert lived.again.objects == lived.deployed.objects


def test_nothing_of_the_last_stack_is_left_in_the_end(lived: Lived) -> None:
    """The access log of the one before is named after that stack's id, and stays."""
    of_first = {name for name in lived.destroyed.names["log group"] if "/vendedlogs/" in name}
    left = {kind: names for kind, names in lived.deleted.items() if names}
    assert left == {"log group": of_first}
