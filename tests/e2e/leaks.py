"""What must be in no log line: secrets, tokens, signatures and presigned links."""

import re
from collections.abc import Iterable, Iterator

from local.standin.credentials import DEFAULT_CREDENTIALS

# Whatever looks like one, whoever made it.
_FORMS = [
    re.compile(form)
    for form in (
        r"whsec_[A-Za-z0-9+/]",  # a signing secret
        r"v1,[A-Za-z0-9+/]{20}",  # a delivery's signature
        r"prdm_(wsp|cmp)_",  # a token of Paradime's
        r"(?i)bearer ",
        r"(?i)x-(amz-)?signature",  # a presigned link, of the stand-in's or of S3
        r"(?i)x-(amz-)?security-token",
        r"[?&]X-Expires",
    )
]
_STANDIN = [
    DEFAULT_CREDENTIALS.api_key,
    DEFAULT_CREDENTIALS.api_secret,
    DEFAULT_CREDENTIALS.workspace_token,
    DEFAULT_CREDENTIALS.company_token,
]


def leaks(lines: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """The lines that hold what looks like a secret, or one of the `known` ones."""
    secrets = [*_STANDIN, *known]
    for line in lines:
        if any(form.search(line) for form in _FORMS) or any(s in line for s in secrets):
            yield line
