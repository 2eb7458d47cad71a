"""Whose a node is, as its project says.

dbt knows an owner in three places: of the node's group (https://docs.getdbt.com/docs/build/groups),
of an exposure (https://docs.getdbt.com/docs/build/exposures), and by custom in `meta.owner`, which
dbt docs shows. There it may be a text, an object with `name` and `email`, or a list of these.
"""

from msgspec import Raw, Struct

from functions.findings.artifacts.artifact import NULL, TEXT, described
from functions.run.text import one_line
from functions.shared.read_json import Reader

MAX_OWNER_CHARACTERS = 100


class Owner(Struct, frozen=True):
    """At least one of them is known."""

    name: str | None = None
    email: str | None = None

    @property
    def address(self) -> str:
        """The e-mail address, otherwise the name."""
        return self.email or self.name or ""


class _Owner(Struct):
    name: Raw = NULL
    email: Raw = NULL


class _Meta(Struct):
    owner: Raw = NULL


_OWNER, _META = Reader(_Owner), Reader(_Meta)
_OWNERS = Reader(tuple[Raw, ...])


def read_owner(raw: Raw) -> Owner | None:
    """What `owner` says; of a list, the first that says anything."""
    if text := _text(raw):
        return Owner(email=text) if "@" in text else Owner(name=text)
    if owner := described(raw, _OWNER):
        name, email = _text(owner.name), _text(owner.email)
        return Owner(name or None, email or None) if name or email else None
    several = described(raw, _OWNERS)
    if not several:
        return None
    nested = described(several[0], _OWNERS)
    return None if nested else read_owner(several[0])


def owner_in_meta(raw: Raw) -> Owner | None:
    meta = described(raw, _META)
    return read_owner(meta.owner) if meta else None


def _text(raw: Raw) -> str:
    text = described(raw, TEXT)
    return one_line(text, MAX_OWNER_CHARACTERS)
