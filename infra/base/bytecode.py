"""Bytecode for what ships: /var/task is read-only, so Lambda compiles anew at every cold start.

Bytecode depends on Python's minor version alone, not on the platform. A `.pyc` that carries its
source's date never matches, since CDK dates all files of an asset 1980: these carry a hash, and
the interpreter trusts it unchecked.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# Where Lambda unpacks the asset: tracebacks name files there, and nothing of this machine.
_TASK_ROOT = "/var/task"


class BytecodeError(Exception):
    """A module does not compile."""


@cache
def find_python(version: str) -> Path | None:
    """An interpreter of this minor version ("3.13"): this one, on PATH, or one of pyenv's or uv's.

    None if there is none.
    """
    for candidate in _candidates(version):
        if _is_release(candidate, version):
            return candidate
    return None


def add_bytecode(python: Path, root: Path, *, below: str = ".") -> None:
    """Compiles the modules in `root / below`; `root` is the folder that becomes the asset.

    Raises:
        BytecodeError: A module does not compile.
    """
    command = [str(python), "-I", "-m", "compileall", "-q"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", _TASK_ROOT]
    finished = subprocess.run(
        [*command, str(root / below)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise BytecodeError(f"{python} could not compile what ships: {finished.stdout.strip()}")


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    for name in (f"python{version}", "python3", "python"):
        if found := shutil.which(name):
            yield Path(found)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or Path(data, "uv", "python"))
    yield from sorted(pyenv.glob(f"{version}.*/bin/python{version}"))
    yield from sorted(uv.glob(f"cpython-{version}.*/bin/python{version}"))


def _is_release(python: Path, version: str) -> bool:
    """Not a shim that only says what it lacks, nor an alpha, whose bytecode is another."""
    asked = "import sys; v = sys.version_info; print(sys.implementation.name, *v[:2], v[3])"
    try:
        finished = subprocess.run(
            [str(python), "-I", "-c", asked], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return finished.stdout.split() == ["cpython", *version.split("."), "final"]
