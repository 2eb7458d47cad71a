"""Downloads from presigned links, as streams."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from functions.shared.addresses import check_download_url
from functions.shared.deadline import Deadline
from functions.shared.errors import NotThereError, TooManyBytesError, TryAgainError
from functions.shared.paradime import CONNECT_SECONDS, READ_SECONDS, retry_after_seconds

MAX_REDIRECTS = 3


class LinkRefusedError(NotThereError):
    """The store refused the link: it has expired, or there is nothing behind it."""


class FileStream:
    """A file being read: counts, digests and checks what passes, and holds none of it."""

    def __init__(self, response: requests.Response, *, max_bytes: int, deadline: Deadline) -> None:
        self._response = response
        self._max_bytes = max_bytes
        self._deadline = deadline
        self._digest = sha256()
        self.bytes_read = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, decoded if they came compressed; empty at the end.

        Raises:
            TooManyBytesError: more came than one file may have.
            OutOfTimeError: the function's time is nearly over.
            TryAgainError: the connection broke, or the body is shorter than announced.
        """
        self._deadline.check()
        try:
            data: bytes = self._response.raw.read(size if size >= 0 else None, decode_content=True)
        except HTTPError as e:
            raise TryAgainError(f"a download broke off: {type(e).__name__}") from e
        self.bytes_read += len(data)
        if self.bytes_read > self._max_bytes:
            raise TooManyBytesError(f"larger than {self._max_bytes} bytes (maxArtifactMiB)")
        self._digest.update(data)
        return data


class Downloader:
    def __init__(self, session: requests.Session, *, max_bytes: int, allow_loopback: bool) -> None:
        self._session = session
        self._max_bytes = max_bytes
        self._allow_loopback = allow_loopback

    @contextmanager
    def open(self, url: str, deadline: Deadline) -> Iterator[FileStream]:
        """Opens a presigned link, following redirects only to where a link may lead.

        Raises:
            AddressRefusedError: the link, or a redirect of it, is not https.
            LinkRefusedError: the store answered 403.
            NotThereError: the store answered 404 or 410.
            TooManyBytesError: the file is announced as larger than one may be.
            TryAgainError: the store could not be reached, or answered anything else but 200.
        """
        response = self._follow(url)
        try:
            _check(response)
            announced = response.headers.get("Content-Length", "")
            if announced.isdigit() and int(announced) > self._max_bytes:
                raise TooManyBytesError(f"larger than {self._max_bytes} bytes (maxArtifactMiB)")
            yield FileStream(response, max_bytes=self._max_bytes, deadline=deadline)
        finally:
            response.close()

    def _follow(self, url: str) -> requests.Response:
        for _ in range(MAX_REDIRECTS + 1):
            check_download_url(url, allow_loopback=self._allow_loopback)
            try:
                response = self._session.get(
                    url,
                    stream=True,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                )
            except requests.RequestException as e:
                # Without `from`: the cause's text holds the link, which is a credential.
                raise TryAgainError(f"a download did not begin: {type(e).__name__}") from None
            if not response.is_redirect:
                return response
            url = urljoin(url, response.headers["Location"])
            response.close()
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
