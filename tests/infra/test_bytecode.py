"""Which interpreter compiles what ships."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.base.bytecode import find_python


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine that has no Python but the one that runs this."""
    find_python.cache_clear()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    yield
    find_python.cache_clear()


def new_python(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("bin/python3.99", id="PATH, by its version"),
        pytest.param("bin/python3", id="PATH, as python3"),
        pytest.param(".pyenv/versions/3.99.2/bin/python3.99", id="pyenv"),
        pytest.param(
            ".local/share/uv/python/cpython-3.99.2-linux-x86_64-gnu/bin/python3.99", id="uv"
        ),
    ],
)
def test_it_is_found_wherever_people_have_it(tmp_path: Path, place: str) -> None:
    python = new_python(tmp_path / place, "echo cpython 3 99 final")
    assert find_python("3.99") == python


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("echo 'pyenv: python3.99: command not found' >&2; exit 127", id="a shim"),
        pytest.param("echo cpython 3 99 candidate", id="a release candidate"),
        pytest.param("echo cpython 3 98 final", id="another version"),
        pytest.param("echo pypy 3 99 final", id="another implementation"),
    ],
)
def test_what_makes_other_bytecode_is_passed_over(tmp_path: Path, script: str) -> None:
    new_python(tmp_path / "bin" / "python3.99", script)
    assert find_python("3.99") is None


def test_the_search_goes_on_behind_what_is_passed_over(tmp_path: Path) -> None:
    new_python(tmp_path / "bin" / "python3.99", "exit 127")
    python = new_python(
        tmp_path / ".pyenv/versions/3.99.0/bin/python3.99", "echo cpython 3 99 final"
    )
    assert find_python("3.99") == python


def test_there_may_be_none() -> None:
    assert find_python("3.99") is None
