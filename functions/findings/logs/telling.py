"""Of what dbt or a log says of a failure, the lines that tell what is wrong.

    Database Error in model orders (models/orders.sql)     a heading: left out
      000940 (22023): SQL compilation error: error line 46 at position 12      does not say it
      missing required argument [INPUT] for function [flatten]                 says it
      compiled SQL at target/run/shop/models/orders.sql    a remark: left out

is told as its second and third line, and in one line where only a line fits.
"""

import re
import string
from collections.abc import Iterable, Sequence
from itertools import takewhile

from functions.findings.logs.entries import LogLine, without_prefix
from functions.findings.logs.forms import CAUSES, HEADINGS, NOISE, REMARKS, VAGUE, fits
from functions.findings.logs.tracebacks import ended_in, raised
from functions.run.text import MAX_CHARACTERS, one_line

MAX_LINES = 3
# A long line has what was tried at its beginning, and what became of it at its end.
_KEPT_AT_THE_END = 150
_GAP = " … "

# Of dbt's warnings.
_COLUMNS = 80
_SENTENCE_GOES_ON = (*string.ascii_letters, *string.digits, *",'\"`_")

_BORDERS = ("│", "┃", "|")
# What is told beside the point, if it stands anywhere below: a place, a cause, PostgreSQL's detail
# (unless it is data), Redshift's context, Databricks' answer.
_ADDS = re.compile(
    r"--> [^:\s]|while handling |(?i:caused by|cause): |DETAIL: +(?! |Failing row)|context: +\S"
    r"|b['\"]\{"
)
# dbt prints its own object: the path is what a reader needs.
_FILE_PATH = re.compile(
    r"FilePath\(searched_path='([^']{0,300})', relative_path='([^']{0,300})'[^)]{0,600}\)"
)
_NUMBERED = re.compile(r"\d+: ")
# The error fields of PostgreSQL's protocol, as redshift_connector prints them:
# https://www.postgresql.org/docs/current/protocol-error-fields.html
_FIELDS = re.compile(
    r"\{'S': '\w{1,20}', .{0,80}?'M': (?P<quote>['\"])(?P<message>.{1,2000}?)(?P=quote), '[A-Z]': "
)
_BARE = re.compile(
    r"(?:error|fail(?:ed|ure)?|pass|warn|success|skipped|none|null|runtime|unknown"
    r"|\w+ error|partial success \(\d+/\d+\))?[.:!]*",
    re.IGNORECASE,
)


def telling_line(message: object, characters: int = MAX_CHARACTERS) -> str:
    """What is wrong, in one line; empty for a message that says nothing."""
    return joined(telling_lines(message), characters)


def joined(lines: Iterable[str], characters: int = MAX_CHARACTERS) -> str:
    """Lines as one; of a long one, its beginning and its end."""
    whole = one_line(" ".join(lines), 10 * MAX_CHARACTERS)
    if len(whole) <= characters:
        return whole
    at_the_end = min(_KEPT_AT_THE_END, characters // 2)
    begin = whole[: characters - at_the_end - len(_GAP)].rstrip()
    return one_line(begin + _GAP + whole[-at_the_end:].lstrip(), characters)


def telling_lines(message: object) -> list[str]:
    """What is wrong, in up to three lines: one, unless that one does not say it."""
    return tell(str(message or "").splitlines())


def says_nothing(message: str | None) -> bool:
    """True for a message that only repeats that it failed: none, `ERROR`, `Compilation Error`."""
    told = " ".join(telling_lines(message))
    return bool(_BARE.fullmatch(told)) or fits(HEADINGS, told)


def tell(lines: Iterable[str]) -> list[str]:
    """As `telling_lines`, of a message that comes in lines."""
    given = [LogLine(text := without_prefix(line), text) for line in _unwrapped(lines)]
    before, exception, after = _parted(given)
    shown = [text for line in (*before, *exception, *after) if (text := cleaned(line))]
    while len(shown) > 1 and fits(HEADINGS, shown[0]):
        del shown[0]
    told, rest = shown[:1], [line for line in shown[1:] if line != shown[0]]
    while rest and len(told) < MAX_LINES and fits(VAGUE, told[-1]):
        at = _next(rest, told[-1])
        told.append(rest[at])
        del rest[: at + 1]
    adds = [line for line in rest if _ADDS.match(line)][-1:] or _deepest_cause(rest)
    if exception and (raised_last := cleaned(exception[0])) not in told:
        adds.insert(0, raised_last)
    return [*told, *adds][:MAX_LINES]


def _unwrapped(lines: Iterable[str]) -> list[str]:
    """Lines that dbt wrapped, as it does with its warnings, joined again.

    Source: `line_wrap_message` in https://github.com/dbt-labs/dbt-common/blob/main/dbt_common/ui.py
    """
    found: list[list[str]] = []
    for line in lines:
        if found and line.strip() and _goes_on(found[-1], line):
            found[-1].append(line.strip())
        else:
            found.append([line])
    return [" ".join(map(str.rstrip, parts)) for parts in found]


def _goes_on(before: Sequence[str], line: str) -> bool:
    """Whether a line goes on with a sentence, whose last part is so wide that it was wrapped."""
    text = before[-1].strip()
    return (
        len(text) <= _COLUMNS < len(text) + 1 + len(line.split(maxsplit=1)[0])
        and text.endswith(_SENTENCE_GOES_ON)
        and not fits(HEADINGS, text)
        and not fits(VAGUE, text)
        and without_prefix(line) == line
    )


def _deepest_cause(rest: Sequence[str]) -> list[str]:
    """The last of Rust's causes: https://docs.rs/anyhow/latest/anyhow/struct.Error.html"""
    if "Caused by:" not in rest:
        return []
    below = rest[rest.index("Caused by:") + 1 :]
    numbered = list(takewhile(_NUMBERED.match, below)) or below[:1]
    return [f"Caused by: {_NUMBERED.sub('', cause)}" for cause in numbered[-1:]]


def _next(rest: Sequence[str], vague: str) -> int:
    """Which line below a vague one to add: a cause if there is one, else the next one."""
    if not vague.endswith(":"):
        causes = (
            at for at, line in enumerate(rest) if fits(CAUSES, line) and not fits(VAGUE, line)
        )
        if (cause := next(causes, None)) is not None:
            return cause
    return next((at for at, line in enumerate(rest) if not fits(HEADINGS, line)), 0)


def _parted(lines: Sequence[LogLine]) -> tuple[list[str], list[str], list[str]]:
    """What stands before tracebacks, the exception that they ended in, and what follows."""
    found = raised(lines)
    ended = ended_in(found)
    if not ended:
        return [line.text for line in lines], [], []
    before, after = lines[: found[0].begin], lines[found[-1].end :]
    return [line.text for line in before], ended, [line.text for line in after]


def cleaned(line: str) -> str:
    """The line without blanks, borders and objects; empty for one that never tells."""
    text = line.strip()
    if text.startswith(_BORDERS):
        text = text.strip("".join(_BORDERS)).strip()
    text = text.removeprefix(": ")
    if not text or fits(REMARKS, text) or fits(NOISE, text):
        return ""
    text = _FILE_PATH.sub(r"\1/\2", text)
    fields = _FIELDS.search(text)
    return text[: fields.start()] + fields["message"] if fields else text
