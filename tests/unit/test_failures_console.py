"""Console logs as lines."""

import pytest

from functions.findings.logs.console import Span, lines


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        ("\x1b[31mred\x1b[0m plain", (Span("red", "c1"), Span(" plain"))),
        ("\x1b[1;33mboth\x1b[22mcolour", (Span("both", "b c3"), Span("colour", "c3"))),
        ("\x1b[91mbright\x1b[39mnone", (Span("bright", "c9"), Span("none"))),
        ("\x1b[2;3;4mall\x1b[mnone", (Span("all", "d i u"), Span("none"))),
        ("\x1b[38;5;2mgreen", (Span("green", "c2"),)),
        ("\x1b[38;5;200m\x1b[38;2;1;31;4mplain", (Span("plain"),)),
        ("\x1b[48;5;1mplain", (Span("plain"),)),
        ("\x1b[99;;41mplain", (Span("plain"),)),
        ("\x1b]0;a title\x07text", (Span("text"),)),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", (Span("link"),)),
        ("\x1b[2K\x1b[1Gtext\x1b(B", (Span("text"),)),
        ("a\x00b\x08c\u202ed\x9be", (Span("abcde"),)),
        ("\x1b", ()),
        ("\x1b[31", ()),
    ],
)
def test_colours_become_classes_and_all_other_codes_go(log: str, shown: tuple[Span, ...]) -> None:
    assert lines(log) == [shown]


def test_a_colour_goes_on_over_the_end_of_a_line() -> None:
    assert lines("\x1b[32mone\ntwo\x1b[0m\nthree") == [
        (Span("one", "c2"),),
        (Span("two", "c2"),),
        (Span("three"),),
    ]


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        ("50%\r100%\r100%, done.\n", ["100%, done."]),
        ("windows\r\nlines\r\n", ["windows", "lines"]),
        ("\n\ntext\n\n\n", ["", "", "text"]),
        ("x" * 5_000, ["x" * 1_000]),
        ("", [""]),
    ],
)
def test_lines_are_those_that_a_terminal_shows_at_last(log: str, shown: list[str]) -> None:
    assert ["".join(span.text for span in line) for line in lines(log)] == shown
