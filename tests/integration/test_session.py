"""No server holds a connection longer than it gives something, whatever it drips."""

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat

import pytest
import requests
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError

from functions.paradime import session, watchdog
from functions.paradime.body import Body
from functions.paradime.session import new_session
from functions.paradime.watchdog import Watchdog


@contextmanager
def serving(head: bytes, drops: Iterable[bytes] = (), *, hang_up: bool = False) -> Iterator[str]:
    """Answers each request with a head at once, and then drops; gives the address."""
    done = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            for drop in drops:
                if done.wait(0.05):
                    return
                connection.sendall(drop)
            if not hang_up:
                done.wait()

    def serve() -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                connection, _ = server.accept()
                threads.append(threading.Thread(target=answer, args=(connection,)))
                threads[-1].start()

    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        threads.append(threading.Thread(target=serve))
        threads[0].start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/file"
        finally:
            done.set()
            for thread in threads:
                thread.join()


@pytest.fixture
def get(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], requests.Response]:
    monkeypatch.setattr(watchdog, "READ_SECONDS", 1.0)
    client = new_session(1, allow_loopback=True)
    return lambda url: client.get(url, stream=True, allow_redirects=False)


def test_headers_that_drip_time_out(get: Callable[[str], requests.Response]) -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\nX-Drip: ", repeat(b"x")) as url,
        pytest.raises(requests.ReadTimeout),
    ):
        get(url)


def test_a_body_that_drips_times_out(get: Callable[[str], requests.Response]) -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", repeat(b"x")) as url,
        get(url) as response,
        pytest.raises(TimeoutError),
    ):
        Body(response).read()


def test_a_chunk_s_size_that_drips_times_out(get: Callable[[str], requests.Response]) -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", repeat(b"0")) as url,
        get(url) as response,
        pytest.raises(TimeoutError),
    ):
        Body(response).read()


def test_a_body_without_a_length_that_drips_is_not_taken_for_its_end(
    get: Callable[[str], requests.Response],
) -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\n\r\n", repeat(b"x")) as url,
        get(url) as response,
        pytest.raises(TimeoutError),
    ):
        Body(response).read()


def test_the_body_of_a_redirect_is_not_read(get: Callable[[str], requests.Response]) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 1000000000\r\n\r\n"
    with serving(head) as url, get(url) as response:
        assert response.is_redirect


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(
    ("headers", "drop"),
    [
        pytest.param(b"Content-Length: 1000000000\r\n", b"x", id="a body that drips"),
        pytest.param(b"Content-Length: 1000000000\r\n", b"x" * 2**20, id="a body that floods"),
        pytest.param(b"Transfer-Encoding: chunked\r\n", b"1\r\nx\r\n", id="chunks"),
        pytest.param(b"", b"x", id="a body without a length"),
    ],
)
def test_of_an_error_that_is_tried_again_nothing_is_read(
    get: Callable[[str], requests.Response], status: int, headers: bytes, drop: bytes
) -> None:
    dropped: list[int] = []

    class Drops:
        def __iter__(self) -> Iterator[bytes]:
            for number in range(300):
                dropped.append(number)
                yield drop

    head = b"HTTP/1.1 %d No\r\n%b\r\n" % (status, headers)
    with serving(head, Drops(), hang_up=True) as url, get(url) as response:
        assert response.status_code == status
        assert len(dropped) < 300


def test_trailers_that_never_end_time_out(get: Callable[[str], requests.Response]) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    with (
        serving(head, repeat(b"X: y\r\n")) as url,
        get(url) as response,
        pytest.raises(TimeoutError),
    ):
        Body(response).read()


def test_interim_answers_that_never_end_time_out(get: Callable[[str], requests.Response]) -> None:
    with (
        serving(b"", repeat(b"HTTP/1.1 100 Continue\r\n\r\n")) as url,
        pytest.raises(requests.ReadTimeout),
    ):
        get(url)


def test_a_tls_handshake_that_drips_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(session._PublicConnection, "may_reach", staticmethod(lambda _: True))
    with (
        serving(b"\x16\x03\x03\x40\x00", repeat(b"\x02")) as url,
        pytest.raises(requests.RequestException),
    ):
        new_session(1, allow_loopback=False).get(url.replace("http://", "https://"), stream=True)


def test_the_next_address_of_a_name_is_tried_when_the_first_times_out(
    monkeypatch: pytest.MonkeyPatch, get: Callable[[str], requests.Response]
) -> None:
    tried: list[tuple[str, float]] = []
    connect = HTTPConnection._new_conn

    def new_connection(connection: HTTPConnection) -> socket.socket:
        tried.append((connection._dns_host, float(str(connection.timeout))))
        if connection._dns_host != "127.0.0.1":
            raise ConnectTimeoutError(connection, "timed out")
        return connect(connection)

    resolve = socket.getaddrinfo

    def resolved(host: str, port: int, *args: int, **options: int) -> list[tuple[object, ...]]:
        hosts = ["127.0.0.2", "127.0.0.3", "127.0.0.1"] if host == "localhost" else [host]
        return [found for one in hosts for found in resolve(one, port, *args, **options)]

    monkeypatch.setattr(HTTPConnection, "_new_conn", new_connection)
    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with serving(head) as url, get(url.replace("127.0.0.1", "localhost")) as response:
        assert response.status_code == 200
    assert [address for address, _ in tried] == ["127.0.0.2", "127.0.0.3", "127.0.0.1"]
    assert tried[0][1] < session.CONNECT_SECONDS / 2


def test_no_more_addresses_are_tried_than_there_is_time_for(
    monkeypatch: pytest.MonkeyPatch, get: Callable[[str], requests.Response]
) -> None:
    clock = [1000.0]

    def new_connection(connection: HTTPConnection) -> socket.socket:
        clock[0] += float(str(connection.timeout))
        raise ConnectTimeoutError(connection, "timed out")

    addresses = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 80)) for n in range(2, 50)
    ]
    monkeypatch.setattr(HTTPConnection, "_new_conn", new_connection)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with pytest.raises(requests.ConnectTimeout):
        get("http://localhost/")
    assert clock[0] == pytest.approx(1000 + session.CONNECT_SECONDS)


CONTENT = b'{"results": [' + b'{"status": "success"},' * 50_000 + b"{}]}"
PACKED = {
    "gzip": gzip.compress(CONTENT),
    "x-gzip": gzip.compress(CONTENT[:9]) + gzip.compress(CONTENT[9:]) + b"\0" * 512,
    "deflate": zlib.compress(CONTENT),
}


def packed(encoding: str, body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (encoding.encode(), len(body)) + body


def whole(response: requests.Response) -> bytes:
    body = Body(response)
    return b"".join(iter(lambda: body.read(1000), b""))


@pytest.mark.parametrize("encoding", PACKED)
def test_a_body_that_comes_packed_is_unpacked(
    get: Callable[[str], requests.Response], encoding: str
) -> None:
    with serving(packed(encoding, PACKED[encoding])) as url, get(url) as response:
        assert whole(response) == CONTENT


@pytest.mark.parametrize("cut", [1, 4, 8, 1000])
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_packed_body_that_was_cut_off_is_not_taken_for_whole(
    get: Callable[[str], requests.Response], encoding: str, cut: int
) -> None:
    """Though its length is the announced one."""
    body = packed(encoding, PACKED[encoding][:-cut])
    with serving(body) as url, get(url) as response, pytest.raises(HTTPError):
        whole(response)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", b"\x1f\x8b no gzip"), ("gzip", b"plain"), ("br", b"\x0b"), ("gzip, gzip", b"\x1f")],
)
def test_a_body_that_cannot_be_unpacked_is_an_error(
    get: Callable[[str], requests.Response], encoding: str, body: bytes
) -> None:
    with serving(packed(encoding, body)) as url, get(url) as response, pytest.raises(HTTPError):
        whole(response)


def test_an_empty_body_is_empty_however_it_is_packed(
    get: Callable[[str], requests.Response],
) -> None:
    with serving(packed("gzip", b"")) as url, get(url) as response:
        assert whole(response) == b""


def test_a_gzip_header_that_never_ends_times_out(get: Callable[[str], requests.Response]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    name = repeat(b"a" * 1000)
    with (
        serving(head + b"\x1f\x8b\x08\x08" + b"\0" * 6, name) as url,
        get(url) as response,
        pytest.raises(TimeoutError),
    ):
        Body(response).read()


def test_no_server_is_asked_to_pack() -> None:
    request = new_session(1, allow_loopback=True).prepare_request(
        requests.Request("GET", "http://127.0.0.1/")
    )
    assert request.headers["Accept-Encoding"] == "identity"


def test_no_cookie_is_kept(get: Callable[[str], requests.Response]) -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    client = new_session(1, allow_loopback=True)
    with serving(head) as url, client.get(url):
        assert not list(client.cookies)


def test_one_that_cannot_be_hung_up_does_not_end_the_watch_over_others() -> None:
    watch = Watchdog()
    for _ in range(2):
        tried = threading.Event()

        def hang_up(tried: threading.Event = tried) -> None:
            tried.set()
            raise AttributeError("the connection has no socket any more")

        with pytest.raises(TimeoutError), watch.hanging_up_after(0, hang_up):
            assert tried.wait(10)


@pytest.mark.parametrize(
    ("head", "hang_up"),
    [
        pytest.param(b"", True, id="no answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", False, id="malformed header"),
    ],
)
def test_a_link_is_not_logged(
    get: Callable[[str], requests.Response],
    caplog: pytest.LogCaptureFixture,
    head: bytes,
    hang_up: bool,
) -> None:
    """Lambda makes a line of the function's log of a warning in any logger."""
    with (
        serving(head, hang_up=hang_up) as url,
        suppress(requests.RequestException),
        get(f"{url}?X-Amz-Signature=0penSesame"),
    ):
        pass
    assert "0penSesame" not in caplog.text
