"""The HTTP session: over https to public addresses, in bounded time, and to nothing else.

A name is resolved once, each of its addresses is judged, and the connection goes to one of just
those: between check and connection there is no second look-up that could answer differently.
Every request passes here, a redirect's too, so nobody has to remember to check.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)
from urllib3.response import BaseHTTPResponse, HTTPResponse
from urllib3.util import Retry

from functions.paradime.addresses import is_loopback, is_public
from functions.shared.errors import AddressRefusedError

CONNECT_SECONDS = 5.0
# For the status and headers of an answer together, and again for each piece of its body.
READ_SECONDS = 10.0
PIECE_BYTES = 256 * 1024
# How often what is waited for is looked at: by so much a time-out may be late.
LOOK_SECONDS = 0.25

# Its warnings, of a request that it repeats or of a malformed header, quote the request's address:
# a presigned link is a credential.
logging.getLogger("urllib3").setLevel(logging.ERROR)


def new_session(pool_size: int, *, allow_loopback: bool) -> requests.Session:
    """A session for requests that only read; it takes nothing from the environment.

    What fails at once is tried again, twice; a time-out, or a wait that the other side asks for,
    is spent in the queue and not in the function. Neither a proxy nor a `.netrc` of the
    surroundings shall see or change what is sent, and no answer leaves a cookie behind.

    Plain http is for the local stack (`allow_loopback`), and there for loopback alone. What would
    connect to any other address raises AddressRefusedError before anything is sent.
    """
    retry = _AtOnce(
        total=2,
        status_forcelist=(500, 502, 503, 504),
        allowed_methods=None,
        backoff_factor=0.3,
        redirect=False,
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    session = _Session()
    session.trust_env = False
    session.headers["User-Agent"] = "paradime-run-archive"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.adapters.clear()
    for scheme in ("https://", "http://") if allow_loopback else ("https://",):
        session.mount(scheme, _Adapter(max_retries=retry, pool_maxsize=pool_size))
    return session


def read_piece(response: requests.Response, size: int = PIECE_BYTES) -> bytes:
    """The next bytes of a streamed body, decoded if they came compressed; empty at the end.

    `size` is at most `PIECE_BYTES`, for which there are `READ_SECONDS`: the time-out of a socket
    begins anew with each byte, so that one byte now and then would hold us for ever.

    Raises:
        TimeoutError: the piece did not come in time.
        urllib3.exceptions.HTTPError: the connection broke, the body is shorter than announced, or
            cannot be decoded.
    """
    try:
        with _watchdog.hanging_up_after(READ_SECONDS, response.raw.shutdown):
            data: bytes = response.raw.read(size, decode_content=True)
    except HTTPError:
        raise
    except ValueError as e:
        raise ProtocolError("a chunk of a negative size") from e
    return data


def retry_after_seconds(response: requests.Response) -> float | None:
    """The wait that a response asks for, as seconds or as a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        wait = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone
        return None
    return max(wait, 0.0)


class _Watchdog:
    """Hangs up on what takes too long.

    One thread for all: one for each piece of a file would cost more than to read it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: list[_Watched] = []
        self._any = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def hanging_up_after(self, seconds: float, hang_up: Callable[[], object]) -> Iterator[None]:
        """Raises TimeoutError when the block takes longer: hanging up ends what it waits for."""
        watched = _Watched(time.monotonic() + seconds, hang_up)
        with self._lock:
            self._watched.append(watched)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()
        self._any.set()
        try:
            yield
        except Exception as e:
            if watched.expired:
                raise TimeoutError(f"took longer than {seconds} s") from e
            raise
        finally:
            with self._lock:
                self._watched.remove(watched)
        if watched.expired:
            raise TimeoutError(f"took longer than {seconds} s")

    def _watch(self) -> None:
        while self._any.wait():
            time.sleep(LOOK_SECONDS)
            with self._lock:
                if not self._watched:
                    self._any.clear()
                late = [one for one in self._watched if one.until < time.monotonic()]
                for one in late:
                    one.expired = True
            for one in late:
                # It may just have come to its end, and its socket be gone: the watch goes on.
                with suppress(Exception):
                    one.hang_up()


@dataclass(slots=True, eq=False)
class _Watched:
    until: float
    hang_up: Callable[[], object]
    expired: bool = False


_watchdog = _Watchdog()


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, so that requests neither follows redirects nor prepares to.

        It would read such an answer to its end first, however long it is, and raise ValueError
        for a location that is no address.
        """


class _AtOnce(Retry):
    """Tries again at once or not at all."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return not has_retry_after and super().is_retry(method, status_code, has_retry_after)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if isinstance(error, ReadTimeoutError):
            raise error
        # To urllib3, a connection that is refused has timed out as well.
        if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
            raise MaxRetryError(_pool, url or "", error) from error  # type: ignore[arg-type]
        return super().increment(method, url, response, error, _pool, _stacktrace)


class _Connection(HTTPConnection):
    @staticmethod
    def may_reach(address: str) -> bool:
        raise NotImplementedError

    def _new_conn(self) -> socket.socket:
        """Connects to the first of the name's addresses that takes it; all of them are judged.

        TLS verifies the name all the same: `_dns_host` is read for the connection only.
        """
        name, addresses = self._dns_host, self._addresses()
        try:
            for address in addresses[:-1]:
                self._dns_host = address
                with suppress(NewConnectionError):
                    return super()._new_conn()
            self._dns_host = addresses[-1]
            return super()._new_conn()
        finally:
            self._dns_host = name

    def _addresses(self) -> list[str]:
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as e:
            raise NameResolutionError(self.host, self, e) from e
        except UnicodeError as e:
            raise AddressRefusedError("a host has a name that no host can have") from e
        addresses = [str(address[0]) for *_, address in found]
        for address in addresses:
            if not self.may_reach(address):
                raise AddressRefusedError(
                    f"the host {self.host} is at {address}, an address that is not connected to"
                )
        return addresses

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        def hang_up() -> None:
            self.sock.shutdown(socket.SHUT_RDWR)

        with _watchdog.hanging_up_after(READ_SECONDS, hang_up):
            return super().getresponse()


class _PublicConnection(_Connection, HTTPSConnection):
    may_reach = staticmethod(is_public)


class _LoopbackConnection(_Connection):
    may_reach = staticmethod(is_loopback)


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _LoopbackPool(HTTPConnectionPool):
    ConnectionCls = _LoopbackConnection


class _Adapter(HTTPAdapter):
    """Connects as above, and gives each request its time-outs."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool, "http": _LoopbackPool}

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        times = (CONNECT_SECONDS, READ_SECONDS)
        return super().send(
            request, stream=stream, timeout=times, verify=verify, cert=cert, proxies=proxies
        )
