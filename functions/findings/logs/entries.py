"""A console log as lines, each with its level, whatever its program puts before a line.

A line that begins with a time or a level begins an entry; the lines below it that begin with
neither belong to it. A line of JSON (`--log-format json`) is the message that it carries.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from functions.findings.logs.console import plain, shown_at_last

# Of more, the last: a megabyte has some ten thousand.
MAX_LINES = 20_000

_DBT_TIME = re.compile(r"\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:  |$|(?= \[))")
_DATE_AND_TIME = re.compile(
    r"[\[(]?\d\d(?:\d\d)?[-/]\d\d[-/]\d\d(?:[T ]|, )\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?[\])]?(?=[\s|:,\]—-]|$)"
)
# As the vendor's command line shows the log of another system.
_INDENTED = re.compile(r" {1,4}(?=\[\d{4}-\d\d-\d\d[T ])")
# Airflow's log of what a program prints that it runs:
# https://github.com/apache/airflow/blob/main/airflow-core/src/airflow/providers
_CARRIED = re.compile(
    r"\[\d{4}-\d\d-\d\d[^\]]{1,40}\] \{(?:subprocess|bash\w*|pod_manager|docker|ssh|dbt_hook"
    r"|logging_mixin)\.py:\d{1,5}\} INFO - (?:\[\w{1,60}\] )?"
)
_TIME_IN_BRACKETS = re.compile(r"\[\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\] ")
_BRACKETED = re.compile(r"\s*\[\s*(\w{4,8})\s*\](?:\s*\[[^\]]{0,100}\])?:?\s?")
_LEVEL_FIRST = re.compile(r"\[?([A-Z]{4,8})(?:\]|(?=[:\s|]))[:\s|-]*")
_LOGFMT = re.compile(r"\blevel=\"?(\w{4,8})\b.{0,200}?\b(?:msg|message)=(?:\"([^\"]{1,900})\")?")
_TOKEN = re.compile(r"[^\s|]{1,100}")
_TOKENS_BEFORE_LEVEL = 5
# Of "1 of 2 ERROR creating sql table model" and the like.
_PROGRESS = re.compile(r"\d+ of \d+ ")

# Digits of a time, capitals of a level, brackets around either, and names of logfmt.
_MAY_BEGIN_A_PREFIX = frozenset("0123456789[(ABCDEFGHIJKLMNOPQRSTUVWXYZltm")

_LEVELS = {
    "trace": "debug",
    "debug": "debug",
    "info": "info",
    "notice": "info",
    "warn": "warn",
    "warning": "warn",
    "error": "error",
    "critical": "error",
    "fatal": "error",
    "panic": "error",
    "severe": "error",
    "emergency": "error",
}
_LEVEL_MEMBERS = ("level", "severity", "levelname", "log_level", "lvl")
_MESSAGE_MEMBERS = ("msg", "message", "event", "text", "error")


class LogLine(NamedTuple):
    """`text` comes without time and level, `shown` with what tells it apart from other lines.

    `level` is `debug`, `info`, `warn`, `error` or empty, and an entry's lines have the same one.
    `fresh` lines begin an entry. `node` is the unique id that a line of JSON names.
    """

    text: str
    shown: str
    level: str = ""
    fresh: bool = False
    node: str = ""


def read(log: str) -> list[LogLine]:
    """The lines of a log."""
    lines: list[LogLine] = []
    level = ""
    for raw in log.split("\n")[-MAX_LINES:]:
        if raw.startswith("["):
            raw = _CARRIED.sub("", raw, count=1)
        if raw.startswith("{") and (entry := _from_json(raw)):
            lines += entry
            level = entry[0].level
            continue
        line = plain(shown_at_last(raw))
        found = _prefix(line)
        if found is None:
            lines.append(LogLine(line, line, level))
        else:
            level, text, shown = found
            lines.append(LogLine(text, shown, level, fresh=True))
    return lines


def without_prefix(line: str) -> str:
    """A line without the time and the level before it."""
    found = _prefix(line)
    return line if found is None else found[1]


def _prefix(line: str) -> tuple[str, str, str] | None:
    """The level, and the line without its prefix and as it is shown; None where it has none."""
    if line.startswith(" "):
        line = _INDENTED.sub("", line, count=1)
    if not line or line[0] not in _MAY_BEGIN_A_PREFIX:
        return None
    if time := _DBT_TIME.match(line):
        rest = line[time.end() :]
        if (named := _BRACKETED.match(rest)) and (level := _LEVELS.get(named[1].lower())):
            return level, rest[named.end() :], rest.strip()
        return "", rest, rest
    if time := _TIME_IN_BRACKETS.match(line):
        return "", line[time.end() :], line
    if time := _DATE_AND_TIME.match(line):
        return *_after_time(line[time.end() :].lstrip(" |:,-—]")), line
    if (named := _LEVEL_FIRST.match(line)) and (level := _LEVELS.get(named[1].lower())):
        rest = line[named.end() :]
        # Airflow and others have the time behind the level.
        if time := _DATE_AND_TIME.match(rest):
            rest = rest[time.end() :].lstrip(" |:,-—]")
        return level, rest, line
    if (named := _BRACKETED.match(line)) and (level := _LEVELS.get(named[1].lower())):
        return level, line[named.end(1) + 1 :].lstrip("] "), line
    if "level=" in line and (named := _LOGFMT.search(line, 0, 400)):
        return _LEVELS.get(named[1].lower(), ""), named[2] or line[named.end() :], line
    return None


def _after_time(rest: str) -> tuple[str, str]:
    """The level among the first words, and what follows it."""
    if _PROGRESS.match(rest):
        return "", rest
    for token in islice(_TOKEN.finditer(rest), _TOKENS_BEFORE_LEVEL):
        word = token[0].strip("[](){}<>:,-—").partition(":")[0]
        level = _LEVELS.get(word.lower())
        if level and (word.isupper() or token[0][0] in "[("):
            return level, rest[token.end() :].lstrip(" |:,-—]")
    return "", rest


def _from_json(raw: str) -> list[LogLine]:
    """The lines of what an entry in JSON says; none where it is not such an entry."""
    try:
        entry: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return []
    info = entry.get("info") if isinstance(entry, dict) else None
    said = info if isinstance(info, dict) else entry
    message = _first_text(said, _MESSAGE_MEMBERS)
    if message is None:
        return []
    level = _LEVELS.get((_first_text(said, _LEVEL_MEMBERS) or "").lower(), "")
    node = _node(entry.get("data"))
    return list(_lines_of(message, level, node))


def _lines_of(message: str, level: str, node: str) -> Iterator[LogLine]:
    for at, part in enumerate(message.rstrip().split("\n")):
        text = plain(shown_at_last(part))
        yield LogLine(text, text, level, fresh=at == 0, node=node)


def _first_text(entry: dict[str, Any], members: tuple[str, ...]) -> str | None:
    return next((text for name in members if isinstance(text := entry.get(name), str)), None)


def _node(data: object) -> str:
    info = data.get("node_info") if isinstance(data, dict) else None
    unique_id = info.get("unique_id") if isinstance(info, dict) else None
    return unique_id if isinstance(unique_id, str) else ""
