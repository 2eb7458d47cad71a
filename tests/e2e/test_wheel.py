"""The wheel, installed where there is no checkout, as `pipx install` does it."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from local.stack.stack import LocalStack

ROOT = Path(__file__).parents[2]
# Without PYTHONPATH, through which pip and the command would find this checkout.
CLEAN = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bolt-archive` in an environment that has nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    checkout = folder / "checkout"
    no_junk = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("cli", "functions", "events"):
        shutil.copytree(ROOT / name, checkout / name, ignore=no_junk)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, checkout)
    shutil.rmtree(checkout)
    [wheel] = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment)
    bin_folder = environment / ("Scripts" if os.name == "nt" else "bin")
    python = bin_folder / "python"
    pip("--python", python, "install", "--only-binary=:all:", wheel)
    return bin_folder / "bolt-archive"


def pip(*arguments: str | Path) -> None:
    quiet = ("--disable-pip-version-check", "--quiet")
    subprocess.run([sys.executable, "-m", "pip", *quiet, *arguments], check=True, env=CLEAN)


def run(command: Path, folder: Path, *arguments: str | Path) -> str:
    finished = subprocess.run(
        [command, *arguments],
        cwd=folder,
        env=CLEAN,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["runs", "--help"]])
def test_it_starts_without_a_checkout(command: Path, tmp_path: Path, arguments: list[str]) -> None:
    assert run(command, tmp_path, *arguments).strip()


@pytest.mark.e2e
def test_it_sends_a_sample_to_a_stack_and_shows_the_run(
    command: Path, stack: LocalStack, tmp_path: Path
) -> None:
    at = ["--state-dir", str(stack.state.root)]
    run(command, tmp_path, *at, "send", "run_failed", "--set", "id=771001")
    listed = json.loads(run(command, tmp_path, *at, "runs", "--json"))
    assert 771001 in [record["run_id"] for record in listed]
    assert "771001" in run(command, tmp_path, *at, "show", "771001")


@pytest.mark.e2e
def test_its_pages_are_in_it(command: Path, stack: LocalStack, tmp_path: Path) -> None:
    run(command, tmp_path, "--state-dir", str(stack.state.root), "serve", "--help")
    served = "import cli.serve.pages, functions.report.page"
    subprocess.run([command.parent / "python", "-c", served], cwd=tmp_path, env=CLEAN, check=True)
