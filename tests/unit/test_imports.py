"""Rooms import of each other what docs/architecture.md lets them, and nothing else."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| (?:(?P<floor>\d) \| )?`(?P<room>[a-z_.]+)` \|(?:.*\|)??(?P<may>[^|]*)\|$", re.M
)
ALLOWED = {
    row["room"]: set(re.findall(r"`(.+?)`", row["may"])) for row in ROW.finditer(ARCHITECTURE)
}
FLOORS = {row["room"]: int(row["floor"]) for row in ROW.finditer(ARCHITECTURE) if row["floor"]}
MAX_MODULES = 12


def room_of(module: str) -> str | None:
    """The innermost listed room that a module is in; None if it is not of this repository."""
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
                # `from local import standin` names a room as well.
                yield from (f"{module}.{name.name}" for name in names)


def modules_of(folder: str) -> list[Path]:
    return list((ROOT / folder.replace(".", "/")).rglob("*.py"))


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_what_it_may(room: str) -> None:
    files = [
        file
        for file in modules_of(room)
        if room_of(".".join(file.relative_to(ROOT).with_suffix("").parts)) == room
    ]
    assert files
    found = {room_of(module) for file in files for module in imported(file)}
    assert found - {room, None} == ALLOWED[room]


@pytest.mark.parametrize("room", sorted(FLOORS))
def test_no_import_runs_upwards(room: str) -> None:
    assert all(FLOORS[other] < FLOORS[room] for other in ALLOWED[room])


def test_there_is_no_circle_of_rooms() -> None:
    TopologicalSorter(ALLOWED).prepare()


@pytest.mark.parametrize("top", ["functions", "cli", "infra"])
def test_every_folder_is_a_listed_room(top: str) -> None:
    folders = {file.parent for file in modules_of(top) if file.name != "__init__.py"}
    assert {".".join(folder.relative_to(ROOT).parts) for folder in folders} <= ALLOWED.keys()


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_has_at_most_a_dozen_modules(room: str) -> None:
    modules = [f for f in (ROOT / room.replace(".", "/")).glob("*.py") if f.name != "__init__.py"]
    assert len(modules) <= MAX_MODULES
