"""Text from outside reaches a terminal as text: nothing in it is obeyed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.terminal.output import cell, visible


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        pytest.param("\x1b[2J\x1b[31mred", "\\x1b[2J\\x1b[31mred", id="colours and clearing"),
        pytest.param("\x1b]0;title\x07", "\\x1b]0;title\\x07", id="window title"),
        pytest.param("\x9b31m", "\\x9b31m", id="one-byte CSI"),
        pytest.param("a\rb", "a b", id="carriage return"),
        pytest.param("a\n\nb\tc", "a b c", id="breaks and tabs"),
        pytest.param("a\bb", "a\\x08b", id="backspace"),
        pytest.param("abc\u202edcb", "abc\\u202edcb", id="right-to-left override"),
        pytest.param("a\u2028b", "a\\u2028b", id="line separator"),
        pytest.param("a\ud800b", "a\\ud800b", id="lone surrogate"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


@pytest.mark.parametrize("text", ["daily_run", "Größe, 日本語 🎉", "[bold]not markup[/]", "\\n"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    assert not {unicodedata.category(character) for character in visible(text)} & {"Cc", "Cs"}


def test_markup_is_no_markup_in_a_cell() -> None:
    text = cell("[red]loud[/] [link=https://example.com]here[/link]")
    assert text.plain == "[red]loud[/] [link=https://example.com]here[/link]"
    assert text.spans == []
