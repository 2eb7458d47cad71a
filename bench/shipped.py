"""What ships, unpacked, and Lambda's own Python started on it as Lambda starts it.

The bundle is made by the code that makes the asset for `cdk deploy`; only its two compiled packages
are those of this machine's processor. Lambda's runtime brings boto3, so a folder with the
development environment's boto3 stands in for it, compiled in the same way. No bytecode is written
while it is measured, and no package of this machine can be imported.
"""

import importlib
import os
import platform
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.environment import ENVIRONMENT
from infra.base.bundling import Target, fill
from infra.base.bytecode import add_bytecode

RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3")
RUNTIME_MODULES = ("six",)


@dataclass(frozen=True, slots=True)
class Shipped:
    """`task` is what Lambda has in `/var/task`, `runtime` what it brings itself."""

    python: Path
    task: Path
    runtime: Path

    def run(self, code: str, *, also: Path | None = None, text: str = "") -> str:
        """Runs code in a new process, and returns what it printed."""
        folders = [self.task, self.runtime, *([also] if also else [])]
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, folders)),
            **ENVIRONMENT,
        }
        finished = subprocess.run(
            [str(self.python), "-S", "-s", "-B", "-c", code],
            env=environment,
            cwd=self.task,
            input=text,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return finished.stdout

    def cpu_seconds(self, code: str) -> float:
        """The processor time that a new process takes for this code, its own start included."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.run(code)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def shipped() -> Iterator[Shipped]:
    target = Target.lambda_(platform.machine())
    if target.python is None:
        raise SystemExit(f"bench: none here to measure with: {target.name}")
    with tempfile.TemporaryDirectory(prefix="bench-") as unpacked:
        task, runtime = Path(unpacked, "task"), Path(unpacked, "runtime")
        task.mkdir()
        fill(task, target)
        runtime.mkdir()
        for name in RUNTIME_PACKAGES:
            _copy_package(name, runtime)
        for name in RUNTIME_MODULES:
            shutil.copy(_file(name), runtime)
        add_bytecode(target.python, runtime)
        yield Shipped(target.python, task, runtime)


def _copy_package(name: str, runtime: Path) -> None:
    """Without botocore's data, which is large and of which no module is made: it is linked."""
    package = _file(name).parent
    ignore = shutil.ignore_patterns("__pycache__", "data")
    shutil.copytree(package, runtime / name, ignore=ignore)
    if (package / "data").is_dir():
        (runtime / name / "data").symlink_to(package / "data")


def _file(name: str) -> Path:
    file = importlib.import_module(name).__file__
    assert file
    return Path(file)
