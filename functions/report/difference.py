"""What a unit test of dbt's expected and got, as a table.

Source: https://docs.getdbt.com/docs/build/unit-tests; the form is that of daff, which dbt uses:
https://paulfitz.github.io/daff-doc/spec.html. The first column says what became of a row.
"""

import re

from functions.run.text import one_line

MAX_ROWS = 20
MAX_COLUMNS = 20
MAX_CELL_CHARACTERS = 60

_MARK = "actual differs from expected:"
# dbt Fusion prints a table, and marks in it what differs: `1 -> 2`.
_OF_FUSION = re.compile(r"row\(s\) differ:.*\n(?P<rows>(?:\|.*\|\n?)+)")
_CHANGES = {"+++": "added", "---": "missing", "→": "changed", "...": "", "": ""}


def difference(message: str | None) -> list[list[str]] | None:
    """The rows, their names first; None if the message holds none that can be made out."""
    if of_fusion := _OF_FUSION.search(message or ""):
        return _table([line.split("|")[1:-1] for line in of_fusion["rows"].splitlines()])
    _, mark, below = (message or "").partition(_MARK)
    lines = [line for line in below.split("\n") if line.strip()]
    if not mark or not lines or not lines[0].startswith("@@"):
        return None
    head, *rows = [line.split(",") for line in lines[: MAX_ROWS + 1]]
    table = [["", *head[1:]]]
    for change, *cells in rows:
        # A cell that holds a comma cannot be told from two.
        if change.strip() not in _CHANGES or len(cells) != len(head) - 1:
            return None
        table.append([_CHANGES[change.strip()], *cells])
    return _table(table)


def _table(rows: list[list[str]]) -> list[list[str]]:
    return [
        [one_line(cell, MAX_CELL_CHARACTERS) for cell in row[:MAX_COLUMNS]]
        for row in rows[: MAX_ROWS + 1]
    ]
