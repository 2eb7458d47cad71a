"""The HTTP server: on loopback, for reading, a bounded number of requests at a time."""

from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cli.serve.answer import Answer
from cli.serve.guard import ADDRESS, Guard
from cli.serve.pages import problem, welcome
from cli.serve.site import Site

MOST_AT_ONCE = 32
# For a browser that opens connections in advance, and for one that stopped reading.
PATIENCE_SECONDS = 20


class Server(ThreadingHTTPServer):
    """A second server on its port is refused; 0 takes any free port."""

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, site: Site, port: int = 0) -> None:
        self.site = site
        self._room = BoundedSemaphore(MOST_AT_ONCE)
        super().__init__((ADDRESS, port), Handler)
        self.guard = Guard(port=self.server_port)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()


class Handler(BaseHTTPRequestHandler):
    """One request a connection (HTTP/1.0), so that none is kept open."""

    server: Server
    connection: socket
    timeout = PATIENCE_SECONDS

    def do_GET(self) -> None:
        self._send(self._answer(), with_body=True)

    def do_HEAD(self) -> None:
        self._send(self._answer(), with_body=False)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Other methods, and what is no HTTP."""
        said = message or HTTPStatus(code).phrase
        self._send(problem(code, "This cannot be done here.", said), with_body=True)

    def version_string(self) -> str:
        return "bolt-archive"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its own name)
        """Nothing: the first address has the token in it."""

    def _answer(self) -> Answer:
        guard = self.server.guard
        hosts = self.headers.get_all("Host", [])
        refusal = guard.refusal(
            hosts[0] if len(hosts) == 1 else None, self.headers.get("Origin", None)
        )
        if refusal:
            return problem(403, "This is not for you.", refusal)
        if guard.is_token(_token(self.path)):
            return welcome(guard.cookie)
        if not guard.knows(self.headers.get("Cookie")):
            return problem(
                403,
                "Open the address that the terminal shows.",
                "bolt-archive serve prints an address with a token in it, which only this "
                "machine's browser should know. Without it, nothing is shown.",
            )
        return self.server.site.answer(self.path)

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        with suppress(ConnectionError, TimeoutError):  # the browser went elsewhere
            self.send_response(answer.status)
            for name, value in answer.all_headers.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                for part in answer.body:
                    self.wfile.write(part)


def _token(address: str) -> str:
    """Empty if the address is not the first one."""
    split = urlsplit(address)
    return parse_qs(split.query).get("token", [""])[0] if split.path == "/" else ""
