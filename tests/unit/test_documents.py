"""What the documents point at is there: files, headings, make targets, commands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app
from tests.documents.blocks import DOCUMENTS, ROOT, blocks, code_spans, fences

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NAMED_FILE = re.compile(r"`([a-z]+/[\w./-]*\.\w+)`")
NAMED_TARGET = re.compile(r"`make ([a-z-]+)|^make ([a-z-]+)", re.MULTILINE)
NAMED_COMMAND = re.compile(r"bolt-archive ([a-z]+(?:-[a-z]+)*)")
# As far as the shell would pass it on.
ARGUMENTS = re.compile(r"^(?:\S*/)?bolt-archive ([^\n|<>;&)#]+)", re.MULTILINE)
COMMAND = re.compile(r"^(\$ |make |npx |git |aws |cdk |pip |(\.venv/bin/)?(python|bolt-archive) )")
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


def options(arguments: str) -> Iterator[str]:
    """Those among a command's arguments that it does not have."""
    command, words = get_command(app), arguments.split()
    while isinstance(command, TyperGroup) and words:
        _, found, words = command.resolve_command(typer.Context(command), words)
        assert found is not None
        command = found
    known = {"--help", *(name for parameter in command.params for name in parameter.opts)}
    yield from (word for word in words if word.startswith("--") and word not in known)


@each_document
def test_every_option_that_is_named_is_there(document: Path) -> None:
    typed = "\n".join([*code_spans(document), *(block.commands for block in blocks(document))])
    unknown = {
        (arguments, option)
        for arguments in ARGUMENTS.findall(typed.replace("\\\n", " "))
        for option in options(arguments)
    }
    assert unknown == set()


@each_document
def test_every_block_says_what_is_in_it(document: Path) -> None:
    assert [fence.line for fence in fences(document) if not fence.language] == []


@each_document
def test_commands_are_where_they_are_run(document: Path) -> None:
    """`tests/e2e/test_documents.py` runs what stands in blocks of `sh` and `console`."""
    elsewhere = [
        line
        for fence in fences(document)
        if fence.language not in ("sh", "console")
        for line in fence.text.splitlines()
        if COMMAND.match(line)
    ]
    assert elsewhere == []


@each_document
def test_a_block_that_is_not_run_says_why(document: Path) -> None:
    assert [block for block in blocks(document) if block.notes.not_run == ""] == []
