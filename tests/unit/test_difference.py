"""What a unit test of dbt's expected and got, as a table."""

import pytest

from functions.report.difference import difference

MESSAGE = (
    "\n\nactual differs from expected:\n\n@@,id,n\n→ ,1 ,3→2\n+++,2,5\n---,3,7\n...,...,...\n\n"
)


def test_rows_say_what_became_of_them() -> None:
    assert difference(MESSAGE) == [
        ["", "id", "n"],
        ["changed", "1", "3→2"],
        ["added", "2", "5"],
        ["missing", "3", "7"],
        ["", "...", "..."],
    ]


def test_fusion_s_table_stays_one() -> None:
    rows = "| customer | orders |\n| ada      | 1 -> 2 |\n| bob      | 1      |"
    message = f"Error\n2 row(s) differ: ada, 1 -> 2\n{rows}"
    assert difference(message) == [["customer", "orders"], ["ada", "1 -> 2"], ["bob", "1"]]


@pytest.mark.parametrize(
    "message",
    [
        None,
        "it broke",
        "actual differs from expected:",
        "actual differs from expected:\n\nids differ",
        "actual differs from expected:\n\n@@,a\n→,1,2 with, commas",
        "actual differs from expected:\n\n@@,a\nunknown,1",
    ],
)
def test_what_cannot_be_made_out_is_none(message: str | None) -> None:
    assert difference(message) is None
