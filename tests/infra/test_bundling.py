"""The code asset, made for real: pip downloads the wheels unless they are there from before."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from infra.base import bundling
from infra.base.bundling import BundlingError, Target, function_code
from infra.base.bytecode import find_python
from infra.parts.function import Function
from tests.infra.templates import ROOT

AARCH64 = 183  # e_machine of an ELF header


UNCHECKED_HASH = 0b01  # https://peps.python.org/pep-0552/


def bundle(outdir: Path, target: Target) -> Path:
    """The folder that `cdk deploy` would zip; its name has the hash of the asset."""
    app = cdk.App(outdir=str(outdir))
    stack = cdk.Stack(app, "Bundle")
    Function(
        stack,
        "Ingest",
        package="ingest",
        code=function_code(stack, target=target),
        timeout=cdk.Duration.seconds(1),
        memory_mib=128,
        log_retention_days=90,
        key=None,
        environment={},
    )
    app.synth()
    [asset] = outdir.glob("asset.*")
    return asset


def modules(asset: Path) -> set[str]:
    return {str(file.relative_to(asset)) for file in asset.rglob("*.py")}


def bytecode(asset: Path, tag: str) -> dict[str, bytes]:
    """By module, what the interpreter of this cache tag would read instead of it."""
    return {
        str(file.parent.parent.relative_to(asset) / file.name.replace(f".{tag}.pyc", ".py")): (
            file.read_bytes()
        )
        for file in asset.rglob(f"__pycache__/*.{tag}.pyc")
    }


@pytest.fixture(scope="module")
def for_lambda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("lambda"), Target.lambda_())


@pytest.fixture(scope="module")
def for_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("here"), Target.this_machine())


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
    of_ours = {file.relative_to(ROOT) for file in (ROOT / "functions").rglob("*.py")}
    shipped_modules = (for_lambda / "functions").rglob("*.py")
    assert {file.relative_to(for_lambda) for file in shipped_modules} == of_ours


def test_every_module_for_lambda_has_bytecode_of_its_runtime(for_lambda: Path) -> None:
    if find_python("3.13") is None:
        pytest.skip("bytecode for Lambda takes a Python 3.13, and there is none here")
    assert bytecode(for_lambda, "cpython-313").keys() == modules(for_lambda)


def test_every_module_for_this_machine_has_bytecode_of_its_interpreter(
    for_this_machine: Path,
) -> None:
    tag = str(sys.implementation.cache_tag)
    assert bytecode(for_this_machine, tag).keys() == modules(for_this_machine)


def test_bytecode_is_taken_whatever_the_date_of_its_source(for_this_machine: Path) -> None:
    for module, code in bytecode(for_this_machine, str(sys.implementation.cache_tag)).items():
        assert int.from_bytes(code[4:8], "little") == UNCHECKED_HASH, module


def test_bytecode_names_its_source_as_lambda_unpacks_it(for_this_machine: Path) -> None:
    for module, code in bytecode(for_this_machine, str(sys.implementation.cache_tag)).items():
        assert f"/var/task/{module}".encode() in code, module


def test_without_an_interpreter_it_ships_without_bytecode_and_says_what_that_costs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lock = (ROOT / "functions" / "requirements.txt").read_text()
    [smallest] = re.findall(r"^standardwebhooks==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    (tmp_path / "requirements.txt").write_text(smallest)
    monkeypatch.setattr(bundling, "_LOCK", tmp_path / "requirements.txt")
    monkeypatch.setattr(bundling, "_CACHE", tmp_path / "packages")
    asset = bundle(tmp_path, replace(Target.this_machine(), python=None))
    assert (asset / "standardwebhooks" / "__init__.py").exists()
    assert (asset / "functions" / "__init__.py").exists()
    assert not list(asset.rglob("__pycache__"))
    [line] = [line for line in capfd.readouterr().err.splitlines() if "without bytecode" in line]
    assert "uv python install 3.13" in line


def test_the_hash_tells_whether_there_is_bytecode_and_not_who_made_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bundling, "packages", lambda _: ROOT / "functions" / "shared")
    target = Target.this_machine()
    first, second, without = (
        bundle(tmp_path / name, replace(target, python=python)).name
        for name, python in [
            ("first", Path(sys.executable)),
            ("second", Path(sys.executable).resolve()),
            ("without", None),
        ]
    )
    assert first == second
    assert first != without


def test_it_holds_nothing_of_this_machine(for_lambda: Path, for_this_machine: Path) -> None:
    assert not (for_lambda / "bin").exists()
    for record in for_lambda.glob("*.dist-info/direct_url.json"):
        pytest.fail(f"{record.name} names a place that the package was installed from")
    for asset in (for_lambda, for_this_machine):
        places = {asset.parent, ROOT, Path.home(), Path(sys.prefix), Path(sys.base_prefix)}
        for file in asset.rglob("*.pyc"):
            named = [place for place in places if f"{place}/".encode() in file.read_bytes()]
            assert named == [], file


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
