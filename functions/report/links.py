"""Links from the page to the files beside it.

A page that S3 shows cannot open its siblings: the presigned link is for the page alone. So the
stored page only names them, and whoever puts the page beside the files turns names into links.
"""

import re
from urllib.parse import quote

# What `beside` in parts.html writes. All text on the page is escaped, so none can imitate it.
_NAMED = re.compile(rb'<span data-file="(\./[\w.~/%-]+)">([^<]*)</span>')


def below(prefix: str, key: str) -> str:
    return key.removeprefix(prefix)


def href(prefix: str, key: str) -> str:
    """The address of an archived file, relative to the page."""
    return f"./{quote(below(prefix, key))}"


def with_links(page: bytes) -> bytes:
    """The page with links to the files; pages of 0.1.0 and of early 0.2.0 have them already."""
    return _NAMED.sub(rb'<a href="\1">\2</a>', page)
