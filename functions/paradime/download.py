"""Downloads from presigned links, as streams."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import RawIOBase
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from functions.paradime.addresses import check_download_url
from functions.paradime.body import PIECE_BYTES, Body
from functions.paradime.session import retry_after_seconds
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    AddressRefusedError,
    LinkRefusedError,
    NotThereError,
    TooManyBytesError,
    TryAgainError,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_REDIRECTS = 3

Piece = bytes | memoryview


class CountedStream(RawIOBase):
    """A file being read: counts and digests what passes, and holds none of it.

    Reading raises:
        TooManyBytesError: more came than one file may have.
        OutOfTimeError: the function's time is nearly over.
        RunArchiveError: whatever the next piece raises.
    """

    def __init__(self, *, max_bytes: int, deadline: Deadline) -> None:
        super().__init__()
        self._max_bytes = max_bytes
        self._deadline = deadline
        self._digest = sha256()
        self.bytes_read = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """The next bytes, decoded if they came compressed; as many as come in one piece."""
        view = memoryview(buffer)
        piece = self._piece(min(len(view), PIECE_BYTES))
        view[: len(piece)] = piece
        return len(piece)

    def _piece(self, size: int) -> Piece:
        self._deadline.check()
        piece = self._next(size)
        self.bytes_read += len(piece)
        if self.bytes_read > self._max_bytes:
            raise TooManyBytesError(f"larger than {self._max_bytes} bytes (maxArtifactMiB)")
        self._digest.update(piece)
        return piece

    @abstractmethod
    def _next(self, size: int) -> Piece:
        """At most so many bytes, and none at the end."""


class FileStream(CountedStream):
    """A file behind a link.

    Reading raises:
        TryAgainError: the connection broke or is too slow, the body is shorter than announced,
            or is no JSON although the path says so.
    """

    def __init__(
        self, response: requests.Response, path: str, *, max_bytes: int, deadline: Deadline
    ) -> None:
        super().__init__(max_bytes=max_bytes, deadline=deadline)
        self._body = Body(response)
        self._path = path

    def _next(self, size: int) -> bytes:
        try:
            piece = self._body.read(size)
        except (HTTPError, TimeoutError) as e:
            raise TryAgainError(f"a download was interrupted: {type(e).__name__}") from e
        if self.bytes_read == 0 and self._path.endswith(".json") and piece.lstrip()[:1] == b"<":
            # Nor stored as one that is broken: a login or error page is no file of the run.
            raise TryAgainError("a download is an HTML page, not JSON")
        return piece


class Downloader:
    def __init__(self, session: requests.Session, *, max_bytes: int, allow_loopback: bool) -> None:
        self.max_bytes = max_bytes
        self._session = session
        self._allow_loopback = allow_loopback

    @contextmanager
    def open(self, url: str, path: str, deadline: Deadline) -> Iterator[FileStream]:
        """Opens a presigned link, following redirects only to where a link may lead.

        `path` is the file's own in the run.

        Raises:
            AddressRefusedError: the link, or a redirect of it, is not https, or leads inside.
            LinkRefusedError: the store answered 403.
            NotThereError: the store answered 404 or 410.
            TooManyBytesError: the file is announced as larger than one may be.
            TryAgainError: the store could not be reached, or answered anything else but 200.
        """
        response = self._follow(url)
        try:
            _check(response)
            if (response.raw.length_remaining or 0) > self.max_bytes:
                raise TooManyBytesError(f"larger than {self.max_bytes} bytes (maxArtifactMiB)")
            yield FileStream(response, path, max_bytes=self.max_bytes, deadline=deadline)
        finally:
            response.close()

    def _follow(self, url: str) -> requests.Response:
        for _ in range(MAX_REDIRECTS + 1):
            check_download_url(url, allow_loopback=self._allow_loopback)
            try:
                response = self._session.get(url, stream=True, allow_redirects=False)
            except (requests.RequestException, HTTPError) as e:
                # Without `from`: the cause's text holds the link, which is a credential.
                raise TryAgainError(f"a download could not start: {type(e).__name__}") from None
            if not response.is_redirect:
                return response
            response.close()
            try:
                url = urljoin(url, response.headers["Location"])
            except ValueError:
                raise AddressRefusedError("a download redirects to an invalid address") from None
        raise TryAgainError(f"a download redirects more than {MAX_REDIRECTS} times")


def _check(response: requests.Response) -> None:
    status = response.status_code
    if status == 403:
        raise LinkRefusedError("the link was refused (403)")
    if status in (404, 410):
        raise NotThereError(f"there is no file behind the link ({status})")
    if status != 200:
        raise TryAgainError(
            f"a download was answered {status}", retry_after=retry_after_seconds(response)
        )
