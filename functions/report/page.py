"""The page's templates, made safe: everything is escaped, and nothing is executed or loaded.

The style sheet is part of the page, and the only thing that its Content-Security-Policy allows, by
its digest. There are no scripts.
"""

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from functions.run.display import without_hidden
from functions.run.text import take_fitting

_TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment(templates: Path = _TEMPLATES) -> Environment:
    """What renders the templates of a folder: all text is escaped."""
    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: Any) -> Any:
    """What the page shows of a value: no character that reorders or hides what is next to it."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return without_hidden(value)
    return value


def piece(macro: str, view: Any) -> Markup:
    """A piece of the page, made by a macro of `parts.html`."""
    return Markup(getattr(environment().get_template("parts.html").module, macro)(view))  # noqa: S704


def style_sheet() -> str:
    return (_TEMPLATES / "page.css").read_text(encoding="utf-8")


def page(view: dict[str, Any]) -> bytes:
    style = style_sheet()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    text = (
        environment()
        .get_template("page.html")
        .render(view, style=Markup(style), style_digest=f"sha256-{digest}")  # noqa: S704
    )
    return text.encode(errors="replace")


def fit(pieces: Iterable[Markup], room: int) -> tuple[Markup, int]:
    """The first pieces that fit into so many bytes, joined, and their number."""
    kept = list(take_fitting(pieces, room, lambda one: len(one.encode(errors="replace"))))
    return Markup("").join(kept), len(kept)
