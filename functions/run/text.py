"""Text of payloads and of dbt, made fit to be shown: one line, cut, without surprise or secret."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from functions.run.display import HIDDEN
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


def one_ascii_line(text: object, characters: int) -> str:
    """Without accents, and with a question mark in place of letters that ASCII lacks."""
    letters = unicodedata.normalize("NFKD", one_line(text))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return cut(plain.encode("ascii", errors="replace").decode().strip(), characters, "...")


def cut(text: str, characters: int, mark: str) -> str:
    return text if len(text) <= characters else text[: characters - len(mark)].rstrip() + mark


def https_url(url: str | None) -> str | None:
    """The address if it is a plain https one: a payload could contain anything."""
    return url if url and len(url) <= 1024 and _HTTPS_URL.fullmatch(url) else None


def ended(return_code: int | None, status: str | None) -> str:
    """How a failed command ended: its return code, or its status if there is none."""
    return f"returned {return_code}" if return_code else one_line(status, 40)


def take_fitting(
    items: Iterable[_Item], room: int, size: Callable[[_Item], int]
) -> Iterator[_Item]:
    """The first items that fit together; those behind one that does not fit are not even made."""
    for item in items:
        room -= size(item)
        if room < 0:
            return
        yield item
