"""Folders import of each other what docs/architecture.md lets them, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([a-z.]+)` \|(.*)\|$", re.M)
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ALLOWED: dict[str, set[str]] = {
    folder: set(re.findall(r"`(.+?)`", may)) for folder, may in ROW.findall(ARCHITECTURE)
}


def folder_of(module: str) -> str | None:
    """The innermost listed folder that a module is in; None if it is not of this repository."""
    listed = [name for name in ALLOWED if f"{module}.".startswith(f"{name}.")]
    if listed:
        return max(listed, key=len)
    top = module.partition(".")[0]
    return top if (ROOT / top).is_dir() else None


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                # `from local import standin` names a folder as well.
                yield from (f"{module}.{name.name}" for name in names)


@pytest.mark.parametrize("folder", sorted(ALLOWED))
def test_a_folder_imports_what_it_may(folder: str) -> None:
    files = [
        file
        for file in (ROOT / folder.replace(".", "/")).rglob("*.py")
        if folder_of(".".join(file.relative_to(ROOT).with_suffix("").parts)) == folder
    ]
    assert files
    found = {folder_of(module) for file in files for module in imported(file)}
    assert found - {folder, None} == ALLOWED[folder]


def test_every_folder_of_the_functions_is_listed() -> None:
    folders = {file.parent for file in (ROOT / "functions").glob("*/*.py")}
    assert {f"functions.{folder.name}" for folder in folders} <= ALLOWED.keys()
