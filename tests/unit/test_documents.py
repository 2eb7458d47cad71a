"""What the documents point at is there: files, headings, make targets, commands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    file for folder in (".", "docs", "events") for file in ROOT.glob(f"{folder}/*.md")
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NAMED_FILE = re.compile(r"`([a-z]+/[\w./-]*\.\w+)`")
NAMED_TARGET = re.compile(r"`make ([a-z]+)|^make ([a-z]+)", re.MULTILINE)
NAMED_COMMAND = re.compile(r"bolt-archive ([a-z]+)")
TARGET = re.compile(r"^([a-z-]+):.*##", re.MULTILINE)

each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT))
)


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def anchors(document: Path) -> set[str]:
    """As GitHub makes them of headings."""
    texts = (
        re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text_of(document))
    )
    return {text.replace(" ", "-") for text in texts}


def broken_links(document: Path) -> Iterator[str]:
    for path, anchor in LINK.findall(text_of(document)):
        target = document.parent / path if path else document
        if not target.exists():
            yield path
        elif anchor and anchor not in anchors(target):
            yield f"{path}#{anchor}"


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    assert list(broken_links(document)) == []


@each_document
def test_every_file_that_is_named_is_there(document: Path) -> None:
    roots = (ROOT, ROOT / "functions", document.parent)
    named = {
        name
        for name in NAMED_FILE.findall(text_of(document))
        if any((root / name.partition("/")[0]).is_dir() for root in roots)
    }
    assert {name for name in named if not any((root / name).exists() for root in roots)} == set()


@each_document
def test_every_make_target_that_is_named_is_there(document: Path) -> None:
    named = {one or other for one, other in NAMED_TARGET.findall(text_of(document))}
    assert named - set(TARGET.findall(text_of(ROOT / "Makefile"))) == set()


@each_document
def test_every_command_that_is_named_is_there(document: Path) -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    assert set(NAMED_COMMAND.findall(text_of(document))) - group.commands.keys() == set()
