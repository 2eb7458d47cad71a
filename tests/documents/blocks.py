"""The commands of the Markdown documents.

A block of them is a fence that says `sh`, or the lines of a `console` fence that begin with `$ `;
its other lines are what the commands print, in which `…` stands for anything. A comment right above
a block says what a reader does not see:

    <!-- not run: REASON -->              tests do not run it
    <!-- not run in this section: … -->   nor any other, until the next heading of second level
    <!-- typed: LINES -->                 what somebody types when the commands ask
    <!-- meanwhile: EVENT -->             what happens elsewhere before the commands are typed
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    file for folder in (".", "docs", "events") for file in ROOT.glob(f"{folder}/*.md")
)

_COMMENT = re.compile(
    r"<!-- (not run|not run in this section|typed|meanwhile):\s(.*?)\s*-->", re.DOTALL
)
_PROMPT = "$ "


@dataclass(frozen=True)
class Notes:
    """What the comments say."""

    not_run: str | None = None
    typed: str = ""
    meanwhile: str | None = None


@dataclass(frozen=True)
class Block:
    """`line` is that of its fence, `heading` the last one above it.

    `shown` is what the commands print as the document has it; empty where it does not say.
    """

    document: str
    line: int
    heading: str
    commands: str
    notes: Notes
    shown: str = ""

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


@dataclass(frozen=True)
class Fence:
    """Any fenced text; `language` is empty where the fence does not say it."""

    line: int
    heading: str
    language: str
    text: str
    notes: Notes


def blocks(document: Path) -> list[Block]:
    name = str(document.relative_to(ROOT))
    return [
        Block(name, fence.line, fence.heading, commands, fence.notes, shown)
        for fence in fences(document)
        if fence.language in ("sh", "console")
        for commands, shown in [_commands(fence)]
    ]


def fences(document: Path) -> Iterator[Fence]:
    heading, notes, section_reason = "", Notes(), None
    tokens = MarkdownIt().parse(document.read_text(encoding="utf-8"))
    for i, token in enumerate(tokens):
        match token.type:
            case "heading_open":
                heading = tokens[i + 1].content
                if token.tag in ("h1", "h2"):
                    section_reason = None
            case "html_block":
                for kind, said in _COMMENT.findall(token.content):
                    if kind == "not run in this section":
                        section_reason = said
                    else:
                        notes = replace(notes, **{kind.replace(" ", "_"): said})
            case "fence":
                found = notes if notes.not_run else replace(notes, not_run=section_reason)
                yield Fence(_line(token), heading, token.info.strip(), token.content, found)
                notes = Notes()
            case "inline":
                notes = Notes()


def code_spans(document: Path) -> Iterator[str]:
    for token in MarkdownIt().parse(document.read_text(encoding="utf-8")):
        for child in token.children or ():
            if child.type == "code_inline":
                yield child.content


def _commands(fence: Fence) -> tuple[str, str]:
    """The commands, and what they print."""
    if fence.language == "sh":
        return fence.text, ""
    lines = fence.text.splitlines()
    typed = [line.removeprefix(_PROMPT) for line in lines if line.startswith(_PROMPT)]
    return "\n".join(typed), "\n".join(line for line in lines if not line.startswith(_PROMPT))


def _line(token: Token) -> int:
    assert token.map is not None
    return token.map[0] + 1
