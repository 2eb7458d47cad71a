"""Text of payloads and of dbt, made fit to be shown: one line, cut, without surprise or secret."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from functions.run.display import HIDDEN, counted
from functions.run.masking import beginning_without_secrets

MAX_CHARACTERS = 300

_Item = TypeVar("_Item")

_BLANK = re.compile(rf"[{HIDDEN} \xa0]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_HTTPS_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", re.ASCII)


def one_line(text: object, characters: int = MAX_CHARACTERS) -> str:
    """Empty for None; without credentials, hidden characters and lone surrogates."""
    whole = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", "" if text is None else str(text))
    shown = _BLANK.sub(" ", whole).strip()
    return cut(beginning_without_secrets(shown, characters), characters, "…")


def schedule_title(name: str) -> str:
    """A schedule's name for people; nothing keeps a payload from leaving it empty."""
    return one_line(name) or "unnamed schedule"


# Letters that are no letter of ASCII with an accent, and what typewriters have in place of signs.
_IN_ASCII = str.maketrans(
    {"Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "ß": "ss", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l"}
    | {"Đ": "D", "đ": "d", "ð": "d", "Þ": "Th", "þ": "th", "\u0131": "i"}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u2032", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u2033\xab\xbb", '"')
    | {"\u2022": "-", "\xb7": "-", "\xd7": "x"}
)


def one_ascii_line(text: object, characters: int) -> str:
    """Without accents, and without the letters that ASCII lacks."""
    in_ascii = _letters(text).encode("ascii", errors="ignore").decode()
    return cut(" ".join(in_ascii.split()), characters, "...")


def is_ascii_enough(text: object) -> bool:
    """Whether `one_ascii_line` leaves out no letter of it."""
    return _letters(text).isascii()


def _letters(text: object) -> str:
    letters = unicodedata.normalize("NFKD", one_line(text).translate(_IN_ASCII))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def cut(text: str, characters: int, mark: str) -> str:
    return text if len(text) <= characters else text[: characters - len(mark)].rstrip() + mark


def https_url(url: str | None) -> str | None:
    """The address if it is a plain https one: a payload could contain anything."""
    return url if url and len(url) <= 1024 and _HTTPS_URL.fullmatch(url) else None


def ended(return_code: int | None, status: str | None) -> str:
    """How a failed command ended: its return code, or its status if there is none."""
    if return_code:
        return code_in_words(return_code) or f"returned {return_code}"
    return one_line(status, 40)


def kind_of_run(*, turbo_ci: bool, pull_request_id: object, parent_run_id: object) -> str:
    """Such as `Turbo CI run, pull request 12`, or `retry of run 123`; empty for any other run."""
    parts = (
        "Turbo CI run" if turbo_ci else "",
        f"pull request {one_line(pull_request_id, 40)}" if pull_request_id else "",
        f"retry of run {parent_run_id}" if parent_run_id else "",
    )
    return ", ".join(filter(None, parts))


def deferred_to(schedule: str | None, environment: str | None) -> str:
    """Such as `schedule nightly` or `environment production`; empty if neither is known."""
    if schedule:
        return f"schedule {one_line(schedule)}"
    return f"environment {one_line(environment)}" if environment else ""


def healed_in_words(count: int, places: Sequence[int]) -> str:
    """Such as `2 failures, healed by command 2`; empty if there are none."""
    if not count:
        return ""
    by = (
        f"command {places[0]}" if len(places) == 1 else f"commands {listed(list(map(str, places)))}"
    )
    return f"{counted(count, 'failure')}, healed by {by}"


def stale_lead(types: Iterable[str], count: int) -> str:
    """Such as `2 dashboards are stale`."""
    kinds = {one_line(kind, 40) for kind in types}
    what = counted(count, kinds.pop() if len(kinds) == 1 else "exposure")
    return f"{what} {'is' if count == 1 else 'are'} stale"


def stale_in_words(exposures: Sequence[Mapping[str, Any]], count: int, named: int) -> str:
    """Such as `2 dashboards are stale: Revenue (high, finance@example.com) and Churn`; empty if
    there are none. `named` of them are named at most.
    """
    if not count:
        return ""
    names = [
        f"{one_line(exposure['name'], 80)}{_aside(exposure['maturity'], exposure['owner'])}"
        for exposure in exposures[:named]
    ]
    if (more := count - len(names)) > 0:
        names.append(f"{more:,} more")
    return f"{stale_lead((exposure['type'] for exposure in exposures), count)}: {listed(names)}"


def skipped_in_words(layers: Sequence[tuple[str, int]]) -> str:
    """Such as `14 models were skipped: 9 in marts and 5 in staging`; empty if none was."""
    total = sum(number for _, number in layers)
    if not total:
        return ""
    places = [f"{number:,} in {one_line(layer, 80)}" for layer, number in layers]
    verb = "was" if total == 1 else "were"
    return f"{counted(total, 'model')} {verb} skipped: {listed(places)}"


def _aside(*texts: str | None) -> str:
    said = ", ".join(one_line(text, 80) for text in texts if text)
    return f" ({said})" if said else ""


def take_fitting(
    items: Iterable[_Item], room: int, size: Callable[[_Item], int]
) -> Iterator[_Item]:
    """The first items that fit together; those behind one that does not fit are not even made."""
    for item in items:
        room -= size(item)
        if room < 0:
            return
        yield item


# https://man7.org/linux/man-pages/man7/signal.7.html; a shell returns 128 more than the signal,
# Python's subprocess the signal below zero. 124, 126 and 127 are those of timeout(1) and of shells.
_SIGNALS = {
    1: "hung up ({})",
    2: "interrupted ({})",
    3: "quit ({})",
    4: "crashed ({}): illegal instruction",
    6: "aborted ({})",
    7: "crashed ({}): bus error",
    8: "crashed ({}): arithmetic error",
    9: "killed ({}), most likely out of memory",
    11: "crashed ({}): segmentation fault",
    13: "ended ({}): broken pipe",
    15: "terminated ({}), by a time-out or a cancellation",
    24: "killed ({}): out of processor time",
}
_CODES = {124: "timed out ({})", 126: "could not be run ({})", 127: "command not found ({})"}
# Of these a shell says more.
OF_A_SHELL = (126, 127)


def code_in_words(return_code: int | None) -> str:
    """What a return code says besides that the command failed; empty if it says no more."""
    code = return_code or 0
    signal = -code if code < 0 else code - 128
    said = _CODES.get(code) or _SIGNALS.get(signal, "")
    return said.format(code)


def listed(items: Sequence[str]) -> str:
    """Such as `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))
