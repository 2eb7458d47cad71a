"""Text of payloads and of dbt, made fit to be shown: one line, cut, without surprise or secret."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from functions.run.masking import beginning_without_secrets

MAX_CHARACTERS = 300

# C0, C1, every kind of line end, marks that turn the direction of writing, and what no queue takes.
_CONTROL = re.compile(
    r"[\x00-\x20\x7f-\xa0\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]+"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_HTTPS_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", re.ASCII)


def one_line(text: object, characters: int = MAX_CHARACTERS) -> str:
    """Empty for None; without credentials, control characters and lone surrogates."""
    whole = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", "" if text is None else str(text))
    shown = _CONTROL.sub(" ", whole).strip()
    return cut(beginning_without_secrets(shown, characters), characters, "…")


def one_ascii_line(text: object, characters: int) -> str:
    """Without accents, and with a question mark for what ASCII has no letter for."""
    letters = unicodedata.normalize("NFKD", one_line(text))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return cut(plain.encode("ascii", errors="replace").decode().strip(), characters, "...")


def cut(text: str, characters: int, mark: str) -> str:
    return text if len(text) <= characters else text[: characters - len(mark)].rstrip() + mark


def https_url(url: str | None) -> str | None:
    """The address if it is a plain https one: a payload could hold any."""
    return url if url and len(url) <= 1024 and _HTTPS_URL.fullmatch(url) else None


def ended(return_code: int | None, status: str | None) -> str:
    """How a failed command ended: what it returned or, where that is nothing, its status."""
    if return_code:
        return code_in_words(return_code) or f"returned {return_code}"
    return one_line(status, 40)


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


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(items: Sequence[str]) -> str:
    """Such as `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def left_out(number: int, noun: str) -> str:
    """How many a list lacks; empty where it lacks none."""
    return counted(number, noun) if number > 0 else ""


def clock(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def lasted(seconds: float) -> str:
    """Such as `2 h 5 min`: the two largest units that there are."""
    minutes, left = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (left, "s")]
    return " ".join([f"{n} {unit}" for n, unit in parts if n][:2]) or "less than a second"


def seconds(duration: float) -> str:
    """Such as `0.02 s`, `7.8 s`, `2 min 5 s`."""
    if duration < 10:
        return f"{max(duration, 0):.{2 if duration < 1 else 1}f} s"
    return lasted(duration)


def size(number: int) -> str:
    """Such as `680.1 KB`, of a thousand bytes each."""
    if number < 1000:
        return counted(number, "byte")
    amount = float(number)
    for unit in ("KB", "MB"):
        amount /= 1000
        if amount < 1000:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} GB"
