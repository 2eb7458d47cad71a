"""Who may look: only whoever has the address that was printed, in a browser on this machine.

Any page that a browser shows may send requests to loopback. So the host must be ours (a foreign
name may resolve to loopback), a request from another origin is refused, and nothing is shown
without a cookie, which only the address with the token sets.
"""

from dataclasses import dataclass, field
from hmac import compare_digest
from secrets import token_urlsafe

ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """`token` stands in the first address, and so in the browser's history; `session` is what the
    cookie holds. Both are random and end with the process.
    """

    port: int
    token: str = field(default_factory=token_urlsafe, repr=False)
    session: str = field(default_factory=token_urlsafe, repr=False)

    @property
    def first_address(self) -> str:
        return f"http://{ADDRESS}:{self.port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The header that sets it. Cookies ignore ports, so that its name has the port."""
        return f"{self._cookie_name}={self.session}; Path=/; HttpOnly; SameSite=Strict"

    def refusal(self, host: str | None, origin: str | None) -> str:
        """Why a request with these headers is refused; empty if it is not."""
        if host not in self._hosts:
            return f"this is served as {ADDRESS}:{self.port} only"
        if origin is not None and origin != f"http://{host}":
            return "requests from other pages are refused"
        return ""

    def is_token(self, given: str) -> bool:
        return compare_digest(given.encode(), self.token.encode())

    def knows(self, cookies: str | None) -> bool:
        """Whether a request has the session's cookie."""
        for one in (cookies or "").split(";"):
            name, _, value = one.strip().partition("=")
            if name == self._cookie_name and compare_digest(value.encode(), self.session.encode()):
                return True
        return False

    @property
    def _hosts(self) -> tuple[str, str]:
        return f"{ADDRESS}:{self.port}", f"localhost:{self.port}"

    @property
    def _cookie_name(self) -> str:
        return f"bolt-archive-{self.port}"
