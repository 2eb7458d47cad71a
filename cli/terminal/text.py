"""Text from outside (payloads, logs, answers), made fit for a terminal.

Whoever can name a schedule can put escape sequences into its name. They are shown, not obeyed.
"""

import re

from rich.text import Text

_BREAKS = re.compile(r"[\t\r\n]+")
# Control characters, what turns the direction of writing, separators of lines, lone surrogates.
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def visible(text: object) -> str:
    r"""On one line, and with each unfit character spelled out, such as `\x1b`."""
    one_line = _BREAKS.sub(" ", str(text))
    return _UNFIT.sub(lambda found: found[0].encode("unicode_escape").decode(), one_line)


def outside(text: object, style: str = "") -> Text:
    """The same for a table's cell: as Text, in which Rich looks for no markup."""
    return Text(visible(text), style=style)
