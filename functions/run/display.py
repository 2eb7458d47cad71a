"""How people see numbers, instants, durations and sizes, and what they must not see unawares."""

import re
from datetime import datetime

# Characters that nobody sees, or that change how others are read, as ranges of a regular
# expression. Not among them are the joiners U+200C and U+200D: Persian, Hindi and emoji need them.
HIDDEN = (
    r"\x00-\x1f\x7f-\x9f"  # control characters, line ends and tabs among them
    r"\u2028\u2029"  # more line ends
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn the direction of writing
    r"\xad\u034f\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff"  # of no width
    r"\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"  # annotations, no characters, tags
)
_HIDDEN_BUT_LAYOUT = re.compile(rf"(?![\t\n])[{HIDDEN}]")

# dbt's resource types among them.
_PLURALS = {
    "analysis": "analyses",
    "batch": "batches",
    "delivery": "deliveries",
    "saved query": "saved queries",
}


def without_hidden(text: str) -> str:
    """The text without hidden characters; line feeds and tabs stay."""
    return _HIDDEN_BUT_LAYOUT.sub("", text)


def counted(number: int, noun: str) -> str:
    """Such as `1 file`, `2 files`."""
    return f"{number:,} {noun if number == 1 else _PLURALS.get(noun, f'{noun}s')}"


def left_out(number: int, noun: str) -> str:
    """How many a list lacks; empty if it lacks none."""
    return counted(number, noun) if number > 0 else ""


def clock(instant: datetime) -> str:
    """Such as `2023-10-15 16:44:01 UTC`."""
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def lasted(seconds: float) -> str:
    """Such as `2 h 5 min`: the two largest units."""
    minutes, rest = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join([f"{n} {unit}" for n, unit in parts if n][:2]) or "less than a second"


def precise_seconds(duration: float) -> str:
    """Such as `0.02 s`, `7.8 s`, `2 min 5 s`."""
    if duration < 10:
        return f"{max(duration, 0):.{2 if duration < 1 else 1}f} s"
    return lasted(duration)


def size(number: int) -> str:
    """Such as `680.1 KB`, of 1,000 bytes each."""
    if number < 1000:
        return counted(number, "byte")
    amount = float(number)
    for unit in ("KB", "MB"):
        amount /= 1000
        if amount < 1000:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} GB"
