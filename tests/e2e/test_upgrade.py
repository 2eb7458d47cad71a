"""This version deployed over the first one: what is kept, and that work goes on."""

import json
import os
import shutil
import subprocess
import sysconfig
import tarfile
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from functions.intake import quarantine
from infra.cdk_cli import ROOT, with_own_tools
from local.stack.outputs import Outputs
from local.stack.stack import local_stack
from local.stack.state import DEFAULT_STATE_DIR, StateDir
from local.standin import Standin, load_runs
from tests.e2e.client import Client, Record
from tests.e2e.payloads import PARADIME, WORKSPACE, payload, run_key

pytestmark = pytest.mark.e2e

# The first version whose local stack archives a run: its tag, and its commit in a clone without it.
FIRST = ("v0.1.0", "f9f3f65d24195249c371e341aed5e89964eec7a4")
TEMPLATE = "ParadimeRunArchive-local.template.json"
PREFIX = f"runs/demo-jaffle-{WORKSPACE}/"
PAGE = f"{PREFIX}daily_run/2023/10/15/63187/index.html"
NOT_UNDERSTOOD = b"genuine, and no JSON"
# Not what a local stack stores by itself, which would hide that the secret was made anew.
OWN_TOKEN = {"token": "prdm_wsp_stored-by-the-operator"}

Template = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """What a stack holds of its users."""

    records: dict[str, Record]
    objects: dict[str, bytes]
    signing_secret: str
    api_secret: dict[str, Any]
    quarantined: list[bytes]


@dataclass(frozen=True)
class Upgraded:
    """`directory` is the one whose local stack it is, before and after."""

    directory: Path
    before: Kept
    after: Kept
    earlier: Template
    present: Template
    client: Client


@pytest.fixture(scope="module")
def first_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of the first version, with the tools of this one."""
    checkout = tmp_path_factory.mktemp("first-version")
    archive = _git("archive", _first_commit()).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(checkout, filter="data")
    (checkout / "node_modules").symlink_to(ROOT / "node_modules")
    packages = ROOT / "cdk.out" / "packages"  # installed once for each lock file
    packages.mkdir(parents=True, exist_ok=True)
    (checkout / "cdk.out").mkdir()
    (checkout / "cdk.out" / "packages").symlink_to(packages)
    # With the packages of this version's environment, but with that one's own modules.
    venv.create(checkout / ".venv", symlinks=True)
    [site] = (checkout / ".venv" / "lib").glob("*/site-packages")
    (site / "first.pth").write_text(f"{checkout}\n{sysconfig.get_path('purelib')}\n")
    return checkout


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with Standin(load_runs(PARADIME)) as standin:
        yield standin


@pytest.fixture(scope="module")
def upgraded(
    first_version: Path, standin: Standin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    directory = tmp_path_factory.mktemp("upgraded")
    state = StateDir(directory / DEFAULT_STATE_DIR)
    try:
        _local(first_version, "up", "--detach", state=state)
        outputs = json.loads(state.outputs.read_bytes())
        assert "sweep_function" not in outputs, "the first version has none"
        root = {"access_key_id": "test", "secret_access_key": "test"}  # that of every MiniStack
        outputs = {name: outputs.get(name) for name in Outputs.__struct_fields__} | root
        earlier = Client(Outputs(**outputs))
        _use(earlier, standin)
        before = _kept(earlier)
        template = _template(state)
    finally:
        _local(first_version, "down", state=state)
    with local_stack(state.root) as stack:
        present = Client(stack.outputs)
        yield Upgraded(directory, before, _kept(present), template, _template(state), present)


def _first_commit() -> str:
    for name in FIRST:
        found = _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if found.returncode == 0:
            return found.stdout.decode().strip()
    pytest.skip("the history has no first version: this is no clone, or a shallow one")


def _git(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    if (git := shutil.which("git")) is None:
        pytest.skip("git is not installed")
    return subprocess.run([git, *arguments], cwd=ROOT, capture_output=True, check=False)


def _local(checkout: Path, *arguments: str, state: StateDir) -> None:
    finished = subprocess.run(
        [checkout / ".venv/bin/python", "-m", "local", *arguments, "--state-dir", str(state.root)],
        cwd=checkout,
        env=with_own_tools({k: v for k, v in os.environ.items() if k != "PYTHONPATH"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def _use(client: Client, standin: Standin) -> None:
    """A run that is archived, one that succeeded, a delivery in quarantine, a secret of ours."""
    client.send(payload("run_completed", standin.api_url))
    client.send(payload("run_completed_succeeded", standin.api_url))
    client.send(NOT_UNDERSTOOD)
    client.await_archive_state(run_key(63187), "archived")
    secrets, arn = client.aws("secretsmanager"), client.outputs.api_secret_arn
    stored = _api_secret(client)
    stored["workspaces"] = {"another": OWN_TOKEN}
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(stored))


def _api_secret(client: Client) -> dict[str, Any]:
    answer = client.aws("secretsmanager").get_secret_value(SecretId=client.outputs.api_secret_arn)
    stored: dict[str, Any] = json.loads(answer["SecretString"])
    return stored


def _kept(client: Client) -> Kept:
    return Kept(
        records={record["run_key"]: record for record in client.records()},
        objects=client.objects("runs/"),
        signing_secret=client.outputs.signing_secret,
        api_secret=_api_secret(client),
        quarantined=[
            quarantine.parse(message).body
            for message in client.messages(client.outputs.quarantine_url)
        ],
    )


def _template(state: StateDir) -> Template:
    template: Template = json.loads((state.assembly / TEMPLATE).read_text())
    return template


# --- what is kept


def test_records_are_kept(upgraded: Upgraded) -> None:
    assert upgraded.before.records.keys() == {run_key(63187), run_key(63189)}
    assert upgraded.after.records == upgraded.before.records


def test_objects_are_kept(upgraded: Upgraded) -> None:
    assert any(key.endswith("archive.json") for key in upgraded.before.objects)
    assert upgraded.after.objects == upgraded.before.objects


def test_the_signing_secret_is_kept(upgraded: Upgraded) -> None:
    assert upgraded.after.signing_secret == upgraded.before.signing_secret


def test_the_api_secret_is_kept(upgraded: Upgraded) -> None:
    assert upgraded.before.api_secret["workspaces"] == {"another": OWN_TOKEN}
    assert upgraded.after.api_secret == upgraded.before.api_secret


def test_quarantined_deliveries_are_kept(upgraded: Upgraded) -> None:
    assert upgraded.before.quarantined == [NOT_UNDERSTOOD]
    assert upgraded.after.quarantined == upgraded.before.quarantined


# --- work goes on


def test_a_delivery_after_the_upgrade_is_archived(upgraded: Upgraded, standin: Standin) -> None:
    upgraded.client.send(payload("run_completed_tests", standin.api_url))
    record = upgraded.client.await_archive_state(run_key(63188), "archived")
    assert f"{record['archive_prefix']}index.html" in upgraded.client.keys(PREFIX)


def test_a_schedule_gets_its_state_with_its_next_run(upgraded: Upgraded, standin: Standin) -> None:
    assert upgraded.client.schedule("daily_run") == {}
    later = {"id": 63191, "schedule_name": "daily_run", "start_dttm": "2023-10-18 02:00:01"}
    upgraded.client.send(
        payload("run_completed_tests", standin.api_url, **later, end_dttm="2023-10-18 02:01:01")
    )
    upgraded.client.await_archive_state(run_key(63191), "archived")
    state = upgraded.client.schedule("daily_run")
    assert state["failed_in_a_row"] == 1
    assert state["last_success"]["run_id"] == 63189
    assert upgraded.client.record(run_key(63191))["messages"] == {"failed"}


def test_replay_gives_an_earlier_archive_its_page(
    upgraded: Upgraded, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PAGE not in upgraded.before.objects
    monkeypatch.chdir(upgraded.directory)
    assert CliRunner().invoke(app, ["replay", "63187", "--local"]).exit_code == 0
    upgraded.client.await_archive_state(run_key(63187), "archived")
    assert PAGE in upgraded.client.keys(PREFIX)


# --- what the embedded AWS would do, and CloudFormation would not


def _resources(template: Template, kind: str) -> dict[str, Any]:
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def test_what_is_kept_on_removal_is_not_replaced(upgraded: Upgraded) -> None:
    def kept(template: Template) -> set[tuple[str, str]]:
        return {
            (name, resource["Type"])
            for name, resource in template["Resources"].items()
            if resource.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")
        }

    assert kept(upgraded.earlier)
    assert kept(upgraded.earlier) <= kept(upgraded.present)


def test_secrets_start_with_the_same_values(upgraded: Upgraded) -> None:
    """Else CloudFormation would write them over what the operator stored."""

    def values(template: Template) -> dict[str, str]:
        secrets = _resources(template, "AWS::SecretsManager::Secret")
        return {name: secret["SecretString"] for name, secret in secrets.items()}

    assert values(upgraded.earlier)
    assert values(upgraded.present) == values(upgraded.earlier)
