"""The code asset, made for real: pip downloads the wheels unless they are there from before."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from infra.base import bundling
from infra.base.bundling import BundlingError, Target, function_code
from infra.parts.function import Function
from tests.infra.templates import ROOT

AARCH64 = 183  # e_machine of an ELF header


def bundle(outdir: Path, target: Target) -> Path:
    """The folder that `cdk deploy` would zip."""
    app = cdk.App(outdir=str(outdir))
    stack = cdk.Stack(app, "Bundle")
    Function(
        stack,
        "Ingest",
        package="ingest",
        code=function_code(stack, target=target),
        timeout=cdk.Duration.seconds(1),
        memory_mib=128,
        environment={},
    )
    app.synth()
    [asset] = outdir.glob("asset.*")
    return asset


@pytest.fixture(scope="module")
def for_lambda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("lambda"), Target.lambda_())


def test_every_native_library_is_for_lambda(for_lambda: Path) -> None:
    libraries = list(for_lambda.rglob("*.so*"))
    assert libraries
    for library in libraries:
        assert "cpython-313-aarch64-linux-gnu" in library.name
        header = library.read_bytes()[:20]
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == AARCH64


def test_zipped_it_is_under_12_mb(for_lambda: Path, tmp_path: Path) -> None:
    zipped = shutil.make_archive(str(tmp_path / "bundle"), "zip", for_lambda)
    assert Path(zipped).stat().st_size < 12_000_000


def test_it_ships_every_locked_package_and_each_module_of_ours(for_lambda: Path) -> None:
    lock = (ROOT / "functions" / "requirements.txt").read_text().splitlines()
    locked = {line.split("==")[0].replace("-", "_") for line in lock if "==" in line}
    shipped = {folder.name.partition("-")[0] for folder in for_lambda.glob("*.dist-info")}
    assert shipped == locked
    modules = {file.relative_to(ROOT) for file in (ROOT / "functions").rglob("*.py")}
    shipped_modules = (for_lambda / "functions").rglob("*.py")
    assert {file.relative_to(for_lambda) for file in shipped_modules} == modules


def test_it_holds_nothing_of_this_machine(for_lambda: Path) -> None:
    assert not list(for_lambda.rglob("__pycache__"))
    assert not (for_lambda / "bin").exists()
    for record in for_lambda.glob("*.dist-info/direct_url.json"):
        pytest.fail(f"{record.name} names a place that the package was installed from")


def test_the_licence_of_every_package_is_told(for_lambda: Path) -> None:
    for metadata in for_lambda.glob("*.dist-info/METADATA"):
        assert "\nLicense" in metadata.read_text(), metadata


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("standardwebhooks==1.1.0\n", id="without a hash"),
        pytest.param(f"standardwebhooks==1.1.0 --hash=sha256:{'0' * 64}\n", id="of another hash"),
    ],
)
def test_a_package_that_is_not_the_locked_one_is_not_shipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(line)
    monkeypatch.setattr(bundling, "_LOCK", lock)
    monkeypatch.setattr(bundling, "_CACHE", tmp_path / "packages")
    with pytest.raises(BundlingError):
        bundling.packages(Target.lambda_())
    assert list((tmp_path / "packages").iterdir()) == []


def test_a_failed_download_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unreachable(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, stdout="WARNING: retry\nERROR: no route\n")

    monkeypatch.setattr(bundling, "_CACHE", tmp_path)
    monkeypatch.setattr(subprocess, "run", unreachable)
    with pytest.raises(BundlingError, match=r"is the network there\? .* ERROR: no route$"):
        bundling.packages(Target.lambda_())
    assert list(tmp_path.iterdir()) == []
