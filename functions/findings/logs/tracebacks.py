"""Python's tracebacks in a log: the exceptions that they end in, and what each came after."""

import re
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from functions.findings.logs.entries import LogLine
from functions.findings.logs.forms import IGNORED, VAGUE, fits

MAX_EXCEPTION_LINES = 12
# What two exceptions both say may be chance if it is less.
_LEAST_SAID = 12

_BEGINS = "Traceback (most recent call last)"
_CAUSED = "The above exception was the direct cause of the following exception:"
_HANDLING = "During handling of the above exception, another exception occurred:"
# Of an exception group Python draws a tree of tracebacks, and Rich draws a box around frames:
# https://peps.python.org/pep-0654/, https://rich.readthedocs.io/en/stable/traceback.html
_GROUP_BEGINS = "+ Exception Group Traceback (most recent call last)"
_BRANCH = re.compile(r" *(?:\+ Exception Group (?=Traceback)|\| ?|\+-.*)")
_GROUP = re.compile(r"(?:Base)?ExceptionGroup: .* \(\d+ sub-exceptions?\)")
_BOX_BEGINS, _BOX_ENDS = "╭", "╰"


class Raised(Struct, frozen=True):
    """`lines` begin with the exception; `begin` and `end` are its traceback's place in the log.

    `after` says how it followed the one before it in the same chain, if there was one.
    """

    begin: int
    end: int
    lines: tuple[str, ...]
    after: Literal["", "cause", "handling"] = ""
    ignored: bool = False


def raised(lines: Sequence[LogLine]) -> list[Raised]:
    """Every exception that has a traceback, in the order of the log."""
    if any(_GROUP_BEGINS in line.text for line in lines):
        lines = [line._replace(text=_BRANCH.sub("", line.text, count=1)) for line in lines]
    found: list[Raised] = []
    at = 0
    while at < len(lines):
        if _BEGINS in lines[at].text and (one := _read(lines, at)):
            found.append(one)
            at = one.end
        else:
            at += 1
    return found


def ended_in(found: Sequence[Raised]) -> list[str]:
    """What the last of these exceptions says, and what it came after if that is not its cause.

    An exception that came while another was handled may be the handler's own fault, or only end
    the program: so the other is told as well.
    """
    ending = [one for one in found if not one.ignored]
    if not ending:
        return []
    for group, first in zip(ending[-2::-1], ending[:0:-1], strict=True):
        if _GROUP.fullmatch(group.lines[0]):
            return [*group.lines, *first.lines]
    last = ending[-1]
    if not last.after:
        # A program that another one ran has said more than that it failed.
        telling = (one for one in reversed(ending) if not fits(VAGUE, one.lines[0].strip()))
        last = next(telling, last)
    if not last.after or len(ending) == 1:
        return list(last.lines)
    before = ending[-2].lines[0].strip()
    said = before.partition(": ")[2]
    if len(said) >= _LEAST_SAID and said in last.lines[0]:
        return list(last.lines)  # it only passes on what the other said
    return [*last.lines, f"while handling {before}" if last.after == "handling" else before]


def _read(lines: Sequence[LogLine], begin: int) -> Raised | None:
    """The traceback that begins at a line; None for one whose end is not there."""
    at = _exception_of(lines, begin)
    if at == len(lines) or lines[at].fresh:
        return None
    end = at + 1
    while end < len(lines) and not lines[end].fresh and _goes_on(lines[end].text):
        end += 1
    before = _said_before(lines, begin)
    after: Literal["", "cause", "handling"] = ""
    if before.startswith(_CAUSED):
        after = "cause"
    elif before.startswith(_HANDLING):
        after = "handling"
    return Raised(
        begin,
        end,
        tuple(line.text for line in lines[at : min(end, at + MAX_EXCEPTION_LINES)]),
        after,
        fits(IGNORED, before),
    )


def _exception_of(lines: Sequence[LogLine], begin: int) -> int:
    """Where the exception stands that a traceback ends in, or where its log or entry does."""
    heading = lines[begin].text.strip()
    # IPython, and so Databricks, names the exception in the same line, and again at the end.
    name = heading.partition(" ")[0]
    boxed = heading.startswith(_BOX_BEGINS)
    depth = _indent(lines[begin].text)
    at = begin + 1
    while at < len(lines) and not lines[at].fresh:
        text = lines[at].text
        if _BEGINS in text and not heading.startswith(_BEGINS):
            return len(lines)  # another one: this one's end is not there
        if boxed:
            boxed = not text.strip().startswith(_BOX_ENDS)
        elif heading.startswith((_BEGINS, _BOX_BEGINS)):
            if not _is_of_frames(text, depth):
                break
        elif text.strip().startswith(f"{name}:"):
            break
        at += 1
    return at


def _is_of_frames(text: str, depth: int) -> bool:
    return not text.strip() or _indent(text) > depth


def _goes_on(text: str) -> bool:
    """A message of several lines ends at a blank one."""
    return bool(text.strip()) and not text.strip().startswith((_BEGINS, _CAUSED, _HANDLING))


def _said_before(lines: Sequence[LogLine], begin: int) -> str:
    return next(
        (
            text
            for line in reversed(lines[max(0, begin - 2) : begin])
            if (text := line.text.strip())
        ),
        "",
    )


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
