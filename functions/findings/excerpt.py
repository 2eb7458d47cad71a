"""The lines of SQL around the place that a database points at.

Databases count from the beginning of their statement, in front of which dbt has put lines of its
own. Where one quotes the line, it is looked for; otherwise its number is taken as it is.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

MAX_LINES_BEFORE = 5
MAX_LINES_AFTER = 5
MAX_LINE_CHARACTERS = 200
# A quotation of less may stand anywhere.
_LEAST_QUOTED = 3

# PostgreSQL, Redshift, DuckDB: https://www.postgresql.org/docs/current/error-message-reporting.html
_QUOTED = re.compile(r"^[ \t]*LINE (?P<line>\d{1,6}): ?(?P<text>.*)$", re.MULTILINE)
_NUMBERED = (
    # Snowflake: https://community.snowflake.com/s/article/SQL-compilation-error-line-position
    r"\bline (?P<snowflake>\d{1,6}) at position \d",
    # BigQuery: https://cloud.google.com/bigquery/docs/error-messages
    r" at \[(?P<bigquery>\d{1,6}):\d{1,6}\]",
    # Spark, Databricks: https://spark.apache.org/docs/latest/sql-error-conditions.html
    r"\(line (?P<spark>\d{1,6}), pos \d",
    # Trino, Athena: https://trino.io/docs/current/client/client-protocol.html
    r"\bline (?P<trino>\d{1,6}):\d{1,6}:",
    # ClickHouse
    r"\(line (?P<clickhouse>\d{1,6}), col \d",
)
_NUMBER = re.compile("|".join(_NUMBERED))


class Excerpt(Struct, frozen=True, kw_only=True):
    """`text` begins with line `first_line` of the code; `line` is the one that is pointed at."""

    first_line: int
    line: int
    text: str


def points_at_a_line(message: str) -> bool:
    return bool(_QUOTED.search(message) or _NUMBER.search(message))


def excerpt(message: str, code: str) -> Excerpt | None:
    """None if the message points at no line, or at none of the code."""
    lines = code.split("\n")
    line = next(_pointed_at(message, lines), None)
    if line is None or not 1 <= line <= len(lines):
        return None
    first = max(1, line - MAX_LINES_BEFORE)
    shown = lines[first - 1 : line + MAX_LINES_AFTER]
    text = "\n".join(
        one if len(one) <= MAX_LINE_CHARACTERS else f"{one[: MAX_LINE_CHARACTERS - 1]}…"
        for one in shown
    )
    return Excerpt(first_line=first, line=line, text=text)


def _pointed_at(message: str, lines: list[str]) -> Iterator[int]:
    for quoted in _QUOTED.finditer(message):
        text = quoted["text"].strip().removeprefix("...").removesuffix("...").strip()
        if not text:
            yield int(quoted["line"])
        if len(text) < _LEAST_QUOTED:
            continue
        at = [number for number, line in enumerate(lines, start=1) if text in line]
        # What stands in front of the code can only have moved the line down.
        yield from sorted(at, key=lambda number: abs(int(quoted["line"]) - number))[:1]
        return
    for numbered in _NUMBER.finditer(message):
        yield int(next(filter(None, numbered.groups())))
