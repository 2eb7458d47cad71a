"""The HTTP session: over https to public addresses, in bounded time, and to nothing else.

A name is resolved once, each of its addresses is judged, and the connection goes to one of just
those: between check and connection there is no second look-up that could answer differently.
Every request passes here, a redirect's too, so nobody has to remember to check.
"""

import logging
import socket
import time
from collections.abc import Mapping
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
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.response import BaseHTTPResponse, HTTPResponse
from urllib3.util import Retry

from functions.paradime import watchdog
from functions.paradime.addresses import is_address, is_loopback, is_public
from functions.paradime.watchdog import hanging_up
from functions.shared.errors import AddressRefusedError, TryAgainError

# For all addresses of a name together; then as much again for the handshake of TLS.
CONNECT_SECONDS = 5.0
# For one address of several, while there is time: a lost packet is sent again after a second.
MIN_ADDRESS_SECONDS = 1.5

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
    # Of what comes as it is, its length tells whether it is whole.
    session.headers["Accept-Encoding"] = "identity"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.adapters.clear()
    for scheme in ("https://", "http://") if allow_loopback else ("https://",):
        session.mount(scheme, _Adapter(max_retries=retry, pool_maxsize=pool_size))
    return session


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


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, so that requests neither follows redirects nor prepares to.

        It would read such an answer to its end first, however long it is, and raise ValueError
        for a location that is no address.
        """


class _AtOnce(Retry):
    """Tries again at once or not at all; no more is read of an answer that is tried again."""

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
        if response is not None:
            # Else urllib3 would read it to its end, however long that is and takes.
            response.close()
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
        name, seconds, addresses = self._dns_host, self.timeout, self._addresses()
        end = time.monotonic() + CONNECT_SECONDS
        try:
            for number, address in enumerate(addresses, start=1):
                left = end - time.monotonic()
                share = left / (len(addresses) - number + 1)
                self._dns_host = address
                self.timeout = max(min(max(share, MIN_ADDRESS_SECONDS), left), 0.1)
                last = number == len(addresses) or left <= MIN_ADDRESS_SECONDS
                try:
                    connected = super()._new_conn()
                except (NewConnectionError, ConnectTimeoutError):
                    if last:
                        raise
                else:
                    connected.settimeout(CONNECT_SECONDS)
                    return connected
            raise AssertionError("a name has an address")
        finally:
            self._dns_host, self.timeout = name, seconds

    def _addresses(self) -> list[str]:
        """
        Raises:
            AddressRefusedError: what stands in the place of a name is an address, and not ours to
                connect to, or is nothing that a name can be.
            TryAgainError: the name is at such an address just now.
        """
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as e:
            raise NameResolutionError(self.host, self, e) from e
        except UnicodeError as e:
            raise AddressRefusedError("a host name is invalid") from e
        addresses = [str(address[0]) for *_, address in found]
        for address in addresses:
            if not self.may_reach(address):
                said = f"the host {self.host} is at {address}, which is not a public address"
                raise (
                    AddressRefusedError(said) if is_address(self._dns_host) else TryAgainError(said)
                )
        return addresses

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        def hang_up() -> None:
            self.sock.shutdown(socket.SHUT_RDWR)

        with hanging_up(hang_up):
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
        times = (CONNECT_SECONDS, watchdog.READ_SECONDS)
        return super().send(
            request, stream=stream, timeout=times, verify=verify, cert=cert, proxies=proxies
        )
