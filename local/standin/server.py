"""HTTP on 127.0.0.1: reads requests, sends answers exactly as told, stops without leftovers.

It is the standard library's server because faults need the socket itself: a body that is cut short,
or that is longer than its Content-Length, on a connection that is otherwise kept alive.
"""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.standin.answer import Answer

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes


@contextmanager
def serve(port: int, respond: Callable[[Request], Answer]) -> Iterator[int]:
    """Serves from its own thread, and yields the port (any free one for 0).

    On exit, all connections are closed, even delayed and slow ones, and every thread has ended.
    Raises `OSError` when the port is taken.
    """
    server = _Server(port, respond)
    thread = threading.Thread(target=server.serve_forever, args=[0.05], name="paradime-standin")
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.close_connections()
        server.server_close()  # joins the threads of the connections


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    server_address: tuple[str, int]
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, respond: Callable[[Request], Answer]) -> None:
        super().__init__((HOST, port), _Handler)
        self.respond = respond
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):  # the client may have closed it
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the client's ACK

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client hung up, as one with a time-out does
            super().handle()

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_DELETE(self) -> None:
        self._respond()

    def log_message(self, *args: Any) -> None:
        """Logs nothing: request lines hold signatures. `RequestLog` has the requests."""

    def _respond(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = dict(parse_qsl(url.query))
        self._send(self.server.respond(Request(self.command, url.path, query, self.headers, body)))

    def _send(self, answer: Answer) -> None:
        stopping = self.server.stopping
        if stopping.wait(answer.wait):
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(answer.length))
        self.end_headers()
        sent = 0
        for chunk in answer.body:
            self.wfile.write(chunk)
            sent += len(chunk)
            if stopping.wait(answer.pause if sent < answer.length else 0):
                break
        if sent != answer.length:
            self.close_connection = True
