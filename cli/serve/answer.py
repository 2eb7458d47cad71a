"""Answers, and the headers with which a browser runs and keeps nothing of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

HTML = "text/html; charset=utf-8"

_NEVER = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
# What a page of ours may do: show its style sheet, and send its form back to us.
PAGE_POLICY = f"{_NEVER}; style-src 'self'; img-src data:; form-action 'self'"
# A stored page allows its own style by its digest, and nothing else.
STORED_POLICY = f"{_NEVER}; style-src 'unsafe-inline'; img-src data:; form-action 'none'"
FILE_POLICY = f"{_NEVER}; form-action 'none'; sandbox"

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Shown in the browser; anything else is saved.
_SHOWN = ("text/plain", "application/json", "image/png", "image/jpeg", "image/gif")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`body` comes in pieces, `length` bytes in all."""

    status: int = 200
    content_type: str = HTML
    policy: str = PAGE_POLICY
    length: int
    body: Iterable[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_headers(self) -> dict[str, str]:
        return {
            "Content-Type": self.content_type,
            "Content-Length": str(self.length),
            "Content-Security-Policy": self.policy,
            **ALWAYS,
            **self.headers,
        }


def page(body: bytes, *, status: int = 200, policy: str = PAGE_POLICY) -> Answer:
    return Answer(status=status, policy=policy, length=len(body), body=[body])


def style(body: bytes) -> Answer:
    return Answer(content_type="text/css; charset=utf-8", length=len(body), body=[body])


def file(name: str, content_type: str, length: int, body: Iterable[bytes]) -> Answer:
    """A file of an archive, as its content type says, in a page that may do nothing."""
    how = "inline" if content_type.startswith(_SHOWN) else "attachment"
    return Answer(
        content_type=content_type,
        policy=FILE_POLICY,
        length=length,
        body=body,
        headers={"Content-Disposition": f"{how}; filename*=UTF-8''{quote(name, safe='')}"},
    )
