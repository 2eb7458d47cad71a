"""How the commands of a document are found, and the shell that runs them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import blocks as blocks_module
from tests.documents.blocks import Block, Notes, blocks
from tests.documents.shell import BlockFailedError, Shell, matches

DOCUMENT = """
# Title

<!-- not run in this section: it is an example -->

```sh
first
```

## Section

```console
$ second
what it prints
$ third
```

1. A step:

   <!-- meanwhile: it rains -->

   <!-- typed:
   one
   two
   -->

   ```sh
   fourth
   ```

<!-- not run: it never ends -->

Text comes between.

```sh
fifth
```

<!-- not run: it never ends -->

```sh
sixth
```

```json
{}
```
"""


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Block]:
    """The document's blocks, by their commands."""
    monkeypatch.setattr(blocks_module, "ROOT", tmp_path)
    document = tmp_path / "document.md"
    document.write_text(DOCUMENT)
    return {block.commands.strip(): block for block in blocks(document)}


def test_blocks_are_those_of_sh_and_console(found: dict[str, Block]) -> None:
    assert list(found) == ["first", "second\nthird", "fourth", "fifth", "sixth"]


def test_what_commands_print_is_no_command(found: dict[str, Block]) -> None:
    assert found["second\nthird"].shown == "what it prints"


def test_a_block_has_its_line_and_heading(found: dict[str, Block]) -> None:
    fourth = found["fourth"]
    assert (str(fourth), fourth.heading) == ("document.md:27", "Section")


def test_comments_say_what_is_typed_and_what_happens(found: dict[str, Block]) -> None:
    assert found["fourth"].notes == Notes(typed="one\ntwo", meanwhile="it rains")


def test_a_comment_is_of_the_block_right_below(found: dict[str, Block]) -> None:
    assert found["fifth"].notes == Notes()
    assert found["sixth"].notes == Notes(not_run="it never ends")


def test_a_section_ends_with_the_next_heading(found: dict[str, Block]) -> None:
    assert found["first"].notes.not_run == "it is an example"
    assert found["second\nthird"].notes.not_run is None


# --- the shell


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Shell(tmp_path, {"PATH": os.environ["PATH"]}) as shell:
        yield shell


def block(commands: str, typed: str = "") -> Block:
    return Block("document.md", 1, "", commands, Notes(typed=typed))


def test_what_a_block_defines_the_next_one_has(shell: Shell) -> None:
    shell.run(block("greet() { echo hello, $1; }\nNAME=you"))
    assert shell.run(block('greet "$NAME"')).strip() == "hello, you"


def test_commands_read_what_is_typed(shell: Shell) -> None:
    typed = "first line\nsecond line"
    assert shell.run(block('read -r one\nread -r two\necho "$two"', typed)).strip() == "second line"


@pytest.mark.parametrize(
    "commands",
    [
        "false\necho it went on",
        "false | true",
        'echo "$NOT_SET"',
        "no-such-command",
        "cat < no-such-file",
        "exit 3",
    ],
)
def test_a_command_that_fails_fails_the_block(shell: Shell, commands: str) -> None:
    with pytest.raises(BlockFailedError, match=r"document\.md:1 failed"):
        shell.run(block(commands))


def test_a_failure_says_what_was_printed(shell: Shell) -> None:
    with pytest.raises(BlockFailedError, match="the reason"):
        shell.run(block("echo the reason >&2\nfalse"))


def test_a_block_that_prints_something_else_than_is_shown_fails(shell: Shell) -> None:
    with pytest.raises(BlockFailedError, match="but prints\nyes"):
        shell.run(Block("document.md", 1, "", "echo yes", Notes(), shown="no"))


# --- what a document shows


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("one\ntwo", "one   \n\ntwo\n"),
        ("a … c", "a long b c\n"),
        ("one\n…\nfour", "one\ntwo\nthree\nfour\n"),
        ("one\n…\ntwo", "one\ntwo\n"),
        ("red", "\x1b[31mred\x1b[0m\n"),
    ],
)
def test_what_is_shown_may_leave_out(shown: str, printed: str) -> None:
    assert matches(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("one", "one\ntwo\n"),
        ("one\ntwo", "one\n"),
        ("  one", "one\n"),
        ("a … c", "a\nb c\n"),
        ("1.5", "125\n"),
    ],
)
def test_what_is_shown_is_printed(shown: str, printed: str) -> None:
    assert not matches(shown, printed)
