"""Console logs: the lines that a terminal would show at last, with or without their colours."""

import re
from collections.abc import Iterator

from msgspec import Struct

from functions.run.display import without_hidden

MAX_LINE_CHARACTERS = 1_000

# Escape sequences of ECMA-48: colours and the like (SGR, the only ones that are kept), all other
# control sequences, strings such as window titles and links, and the two-character ones.
_ESCAPE = re.compile(
    r"\x1b\[(?P<sgr>[0-9;:]*)m"
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]?"
)


class Span(Struct, frozen=True):
    """Text of one style; `classes` are CSS classes: `b` bold, `d` dim, `i`, `u`, `c0` to `c15`."""

    text: str
    classes: str = ""


Line = tuple[Span, ...]


def lines(log: str) -> list[Line]:
    """The lines of a log with their styles; each within bounds."""
    style = _Style()
    return [
        tuple(_spans(shown_at_last(line)[:MAX_LINE_CHARACTERS], style))
        for line in log.rstrip().split("\n")
    ]


def plain(line: str) -> str:
    """A line as it reads, within bounds."""
    cut = line[:MAX_LINE_CHARACTERS]
    return cut if cut.isprintable() and cut.isascii() else without_escapes(cut)


def without_escapes(text: str) -> str:
    """The text as it reads: without colours and hidden characters."""
    return without_hidden(_ESCAPE.sub("", text))


_ON = {1: "b", 2: "d", 3: "i", 4: "u"}
_OFF = {22: "bd", 23: "i", 24: "u"}


class _Style:
    """What the codes so far have set; it goes on over ends of lines."""

    def __init__(self) -> None:
        self._set: set[str] = set()
        self._colour = ""

    @property
    def classes(self) -> str:
        return " ".join(filter(None, [*sorted(self._set), self._colour]))

    def apply(self, codes: str) -> None:
        numbers = iter([int(code) if code.isdigit() else 0 for code in re.split("[;:]", codes)])
        for number in numbers:
            match number:
                case 0:
                    self._set.clear()
                    self._colour = ""
                case 1 | 2 | 3 | 4:
                    self._set.add(_ON[number])
                case 22 | 23 | 24:
                    self._set.difference_update(_OFF[number])
                case 39:
                    self._colour = ""
                case 38 | 48:
                    self._extended(number, numbers)
                case _ if 30 <= number <= 37:
                    self._colour = f"c{number - 30}"
                case _ if 90 <= number <= 97:
                    self._colour = f"c{number - 82}"
                case _:
                    pass  # backgrounds, blinking, fonts: not shown

    def _extended(self, number: int, numbers: Iterator[int]) -> None:
        """A colour of 256, of which the first 16 have a class, or one in red, green and blue."""
        if next(numbers, 0) == 2:
            for _ in range(3):
                next(numbers, 0)
            return
        index = next(numbers, 16)
        if number == 38:
            self._colour = f"c{index}" if index < 16 else ""


def shown_at_last(line: str) -> str:
    """After a carriage return a terminal writes over the line: of progress only the end stays."""
    if "\r" not in line:
        return line.rstrip()
    return next((part for part in reversed(line.split("\r")) if part.strip()), "").rstrip()


def _spans(text: str, style: _Style) -> Iterator[Span]:
    at = 0
    for escape in _ESCAPE.finditer(text):
        yield from _span(text[at : escape.start()], style)
        at = escape.end()
        if escape["sgr"] is not None:
            style.apply(escape["sgr"])
    yield from _span(text[at:], style)


def _span(text: str, style: _Style) -> Iterator[Span]:
    if shown := without_hidden(text):
        yield Span(shown, style.classes)
