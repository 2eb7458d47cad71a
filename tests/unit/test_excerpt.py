"""The SQL around the place that a database points at."""

import pytest

from functions.findings.excerpt import excerpt

CODE = "\n".join([*(f"select {at}" for at in range(1, 20)), "from somewhere", "where it"])


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("LINE 24:     from somewhere\n             ^", 20),
        ("LINE 5: ...select 7...\n   ^", 7),
        ("SQL compilation error: error line 8 at position 12", 8),
        ("Syntax error: Unexpected keyword FROM at [9:3]", 9),
        ("mismatched input 'x'.(line 10, pos 4)", 10),
        ("TrinoUserError: line 11:4: Column 'x' cannot be resolved", 11),
        ("LINE 12: \n", 12),
    ],
)
def test_the_line_is_found(message: str, line: int) -> None:
    found = excerpt(message, CODE)
    assert found is not None
    assert found.line == line
    lines = found.text.split("\n")
    assert lines[line - found.first_line] == CODE.split("\n")[line - 1]
    assert len(lines) <= 11


def test_of_equal_lines_the_nearest_counts() -> None:
    found = excerpt("LINE 9: select x\n", "select x\n\n\n\n\n\nselect x\n\n\n\n")
    assert found is not None
    assert found.line == 7


@pytest.mark.parametrize(
    "message",
    ["it broke", "LINE 3: of dbt's own statement", "error line 99 at position 1", "on line three"],
)
def test_where_no_line_of_it_is_meant_there_is_none(message: str) -> None:
    assert excerpt(message, CODE) is None


def test_long_lines_are_cut() -> None:
    found = excerpt("error line 1 at position 1", "x" * 5_000)
    assert found is not None
    assert len(found.text) == 200
