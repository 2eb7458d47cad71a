"""The code asset of all functions: the package `functions` beside its locked dependencies.

No Docker: pip downloads wheels for the platform that is asked for, whatever this machine is. The
modules ship with their bytecode where there is an interpreter to make it.
"""

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.base.bytecode import BytecodeError, add_bytecode, find_python

_ROOT = Path(__file__).parents[2]
_SOURCE = _ROOT / "functions"
_LOCK = _SOURCE / "requirements.txt"
# Beside the assemblies that `cdk` writes, so that removing cdk.out removes all that synth made.
_CACHE = _ROOT / "cdk.out" / "packages"

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64
_PYTHON = "3.13"

_WITHOUT_BYTECODE = (
    f"bundling: no Python {_PYTHON} found to compile with, so the functions ship without "
    "bytecode and each cold start takes about a third longer; install one, for example with "
    f"`uv python install {_PYTHON}`"
)


class BundlingError(Exception):
    """What the functions ship with could not be installed or compiled."""


@dataclass(frozen=True)
class Target:
    """An interpreter and platform to install wheels for.

    `python` is what compiles for it; without one it gets no bytecode.
    """

    name: str
    pip_options: tuple[str, ...]
    python: Path | None

    @classmethod
    def lambda_(cls, machine: str = "aarch64") -> Self:
        """Lambda's Python on Linux; on another machine than ours it is what a measurement takes."""
        options = ("--platform", f"manylinux2014_{machine}", "--python-version", _PYTHON)
        processor = "arm64" if machine == "aarch64" else machine
        return cls(
            f"Lambda, Python {_PYTHON} on {processor}",
            (*options, "--implementation", "cp"),
            find_python(_PYTHON),
        )

    @classmethod
    def this_machine(cls) -> Self:
        name = f"this machine, {sys.implementation.cache_tag} {sysconfig.get_platform()}"
        return cls(name, (), Path(sys.executable))


def function_code(scope: Construct, *, target: Target) -> lambda_.AssetCode:
    """The asset, its packages downloaded unless that was done before.

    Raises:
        BundlingError: A package could not be downloaded, or has no wheel for the target.
    """
    if cdk.Stack.of(scope).bundling_required:
        if target.python is None:
            sys.stderr.write(f"{_WITHOUT_BYTECODE}\n")
        # Here already: what the bundler raised would come out as a JavaScript stack trace.
        packages(target)
    return lambda_.Code.from_asset(
        str(_SOURCE),
        exclude=["__pycache__", "requirements.in"],
        bundling=cdk.BundlingOptions(
            image=RUNTIME.bundling_image,  # only named: `local` does the work
            # The hash of the asset covers the sources and this command, not what `local` does:
            # bytecode is not the same, byte for byte, each time that it is made.
            command=[target.name, *_pip_options(target), _bytecode(target)],
            local=_Bundler(target),
        ),
    )


@jsii.implements(cdk.ILocalBundling)
class _Bundler:
    def __init__(self, target: Target) -> None:
        self._target = target

    def try_bundle(self, output_dir: str, *, image: cdk.DockerImage, **_options: Any) -> bool:
        fill(Path(output_dir), self._target)
        return True


def fill(folder: Path, target: Target) -> None:
    """Puts what ships to `target` into the folder."""
    shutil.copytree(packages(target), folder, dirs_exist_ok=True)
    shutil.copytree(
        _SOURCE,
        folder / _SOURCE.name,
        ignore=shutil.ignore_patterns("__pycache__", "requirements.*"),
    )
    _compile(target, folder, below=_SOURCE.name)


def packages(target: Target) -> Path:
    """A folder with the locked packages for `target`, installed once for each lock file."""
    options = _pip_options(target)
    made_by = "\0".join([target.name, *options, _bytecode(target)])
    key = hashlib.sha256(made_by.encode() + _LOCK.read_bytes())
    folder = _CACHE / key.hexdigest()[:16]
    if not folder.is_dir():
        _install(target, options, folder)
    return folder


def _pip_options(target: Target) -> tuple[str, ...]:
    # Without --no-compile the packages would have bytecode of this interpreter, with this machine's
    # paths in it.
    return ("--require-hashes", "--only-binary=:all:", "--no-compile", *target.pip_options)


def _bytecode(target: Target) -> str:
    return "without bytecode" if target.python is None else "with bytecode"


def _compile(target: Target, folder: Path, *, below: str = ".") -> None:
    if target.python is not None:
        try:
            add_bytecode(target.python, folder, below=below)
        except BytecodeError as error:
            raise BundlingError(str(error)) from None


def _install(target: Target, options: tuple[str, ...], folder: Path) -> None:
    sys.stderr.write(f"bundling: installing functions/requirements.txt for {target.name}\n")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE, prefix="unfinished-") as unfinished:
        installed = Path(unfinished, "packages")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        finished = subprocess.run(
            [*pip, *options, "--target", str(installed), "--requirement", str(_LOCK)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            said = finished.stdout.strip().splitlines() or ["nothing"]
            raise BundlingError(
                f"The packages of functions/requirements.txt could not be installed for "
                f"{target.name}; is the network there? pip said last: {said[-1]}"
            )
        # Commands of the packages: they name this interpreter and are of no use in a Lambda.
        shutil.rmtree(installed / "bin", ignore_errors=True)
        _compile(target, installed)
        try:
            installed.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another synth was faster
                raise
