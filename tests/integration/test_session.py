"""No server holds a connection longer than it gives something, whatever it drips."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat

import pytest
import requests

from functions.paradime import session
from functions.paradime.session import new_session, read_piece


@contextmanager
def serving(head: bytes, drops: Iterable[bytes] = (), *, hang_up: bool = False) -> Iterator[str]:
    """Answers one request with a head at once, and then drops; gives the address."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)  # a test that never connects is to fail, not to hang

        def serve() -> None:
            try:
                connection, _ = server.accept()
            except TimeoutError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(head)
                for drop in drops:
                    if done.wait(0.05):
                        return
                    try:
                        connection.sendall(drop)
                    except OSError:
                        return
                if not hang_up:
                    done.wait()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/file"
        finally:
            done.set()
            thread.join()


@pytest.fixture
def get(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], requests.Response]:
    monkeypatch.setattr(session, "READ_SECONDS", 1.0)
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
        read_piece(response)


def test_a_chunk_s_size_that_drips_times_out(get: Callable[[str], requests.Response]) -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", repeat(b"0")) as url,
        get(url) as response,
        pytest.raises(TimeoutError),
    ):
        read_piece(response)


def test_a_body_without_a_length_that_drips_is_not_taken_for_its_end(
    get: Callable[[str], requests.Response],
) -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\n\r\n", repeat(b"x")) as url,
        get(url) as response,
        pytest.raises(TimeoutError),
    ):
        read_piece(response)


def test_the_body_of_a_redirect_is_not_read(get: Callable[[str], requests.Response]) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 1000000000\r\n\r\n"
    with serving(head) as url, get(url) as response:
        assert response.is_redirect


def test_no_cookie_is_kept(get: Callable[[str], requests.Response]) -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    client = new_session(1, allow_loopback=True)
    with serving(head) as url, client.get(url):
        assert not list(client.cookies)


def test_one_that_cannot_be_hung_up_does_not_end_the_watch_over_others() -> None:
    watchdog = session._Watchdog()
    for _ in range(2):
        tried = threading.Event()

        def hang_up(tried: threading.Event = tried) -> None:
            tried.set()
            raise AttributeError("the connection has no socket any more")

        with pytest.raises(TimeoutError), watchdog.hanging_up_after(0, hang_up):
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
