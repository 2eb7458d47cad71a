"""The body of an answer, piece by piece: in bounded time, and whole or an error."""

import zlib

import requests
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.response import BaseHTTPResponse

from functions.paradime.watchdog import hanging_up

PIECE_BYTES = 256 * 1024

# No server is asked to pack anything; a store that keeps a file packed sends it so all the same.
_UNPACKED = ("", "identity")
_PACKED = ("gzip", "x-gzip", "deflate")
_EITHER_HEADER = zlib.MAX_WBITS | 32
_GZIP_BEGIN = b"\x1f"


class Body:
    def __init__(self, response: requests.Response) -> None:
        self._raw = response.raw
        self._encoding = response.headers.get("Content-Encoding", "").strip().lower()
        self._packed = _Packed() if self._encoding in _PACKED else None

    def read(self, size: int = PIECE_BYTES) -> bytes:
        """The next bytes, unpacked if they came packed; empty at the end.

        `size` is at most `PIECE_BYTES`.

        Raises:
            TimeoutError: the piece did not come in time.
            urllib3.exceptions.HTTPError: the connection broke, the body is shorter than announced,
                or is packed in a way that nobody asked for, or such that it cannot be unpacked to
                its end.
        """
        if self._packed is None and self._encoding not in _UNPACKED:
            raise ProtocolError("a body in an encoding that was not asked for")
        try:
            with hanging_up(self._raw.shutdown):
                if self._packed:
                    return self._packed.read(self._raw, size)
                data: bytes = self._raw.read(size, decode_content=False)
                return data
        except HTTPError:
            raise
        except zlib.error as e:
            raise ProtocolError("a packed body that cannot be unpacked") from e
        except ValueError as e:
            raise ProtocolError("a chunk of a negative size") from e


class _Packed:
    """A body in gzip or zlib (RFC 1952, RFC 1950), whose own end tells whether it is whole."""

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(_EITHER_HEADER)
        self._left = b""
        self._begun = False

    def read(self, raw: BaseHTTPResponse, size: int) -> bytes:
        while True:
            if unpacked := self._next(size):
                return unpacked
            self._left = raw.read(PIECE_BYTES, decode_content=False)
            if not self._left:
                return self._last(size)
            self._begun = True

    def _next(self, size: int) -> bytes:
        while self._left:
            if self._unpacker.eof:  # gzip may have several members
                self._unpacker = zlib.decompressobj(_EITHER_HEADER)
            unpacked = self._unpacker.decompress(self._left, size)
            self._left = self._unpacker.unconsumed_tail or self._unpacker.unused_data
            if self._unpacker.eof and not self._left.startswith(_GZIP_BEGIN):
                self._left = b""  # padding, as of a tape
            if unpacked:
                return unpacked
        return b""

    def _last(self, size: int) -> bytes:
        unpacked = self._unpacker.decompress(b"", size)
        if not unpacked and self._begun and not self._unpacker.eof:
            raise ProtocolError("a packed body that ends too soon")
        return unpacked
