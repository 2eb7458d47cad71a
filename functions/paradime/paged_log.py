"""A console log that is too large for one answer of the API, read page by page.

Source: the vendor's SDK (package `paradime-io` 6.9.0), `get_command_logs` and
`stream_command_logs`: the first cursor is `0:0`, any other comes with the page before, and
`finished` marks the last page. A page has lines of both logs. Its command line prints them without
adding line ends, so lines have their own.
"""

from collections.abc import Callable

from functions.paradime import api
from functions.paradime.api import LogPage
from functions.paradime.download import CountedStream
from functions.shared.deadline import Deadline
from functions.shared.errors import NotThereError

FIRST_CURSOR = "0:0"
# A log of 1 GiB in pages of 200 KiB.
MAX_PAGES = 5_000
# JSON takes up to six bytes for one, as in `\u001b`, and an answer has more in it than logs. If
# both together are even less than this part of an answer that is too large, pages are missing.
LEAST_PART = 12


class PagedLog(CountedStream):
    """One of a command's two logs, `STDOUT` or `STDERR`; it holds one page at a time.

    Reading raises:
        NotThereError: the API does not page logs, or its pages do not come to an end, or hold less
            than the logs.
        RunArchiveError: whatever else asking for a page raises.
    """

    def __init__(
        self,
        ask: Callable[[str], LogPage],
        stream: str,
        *,
        max_bytes: int,
        deadline: Deadline,
    ) -> None:
        """`ask` answers with the page of a cursor."""
        super().__init__(max_bytes=max_bytes, deadline=deadline)
        self._ask = ask
        self._stream = stream
        self._cursor: str | None = FIRST_CURSOR
        self._seen: set[str] = set()
        self._left = memoryview(b"")
        self._came = 0

    def _next(self, size: int) -> memoryview:
        while not self._left and self._cursor is not None:
            self._deadline.check()
            self._left = memoryview(self._turn_page(self._cursor))
        piece, self._left = self._left[:size], self._left[size:]
        return piece

    def _turn_page(self, cursor: str) -> bytearray:
        self._seen.add(cursor)
        if len(self._seen) > MAX_PAGES:
            raise NotThereError(f"the log has more than {MAX_PAGES} pages")
        try:
            page = self._ask(cursor)
        except NotThereError as e:
            raise NotThereError(f"too large for one response, and could not be paged: {e}") from e
        text = self._text(page)
        if page.finished:
            if self._came < api.MAX_ANSWER_BYTES // LEAST_PART:
                raise NotThereError("Paradime's API returned only part of the log")
            self._cursor = None
        elif not page.lines:
            raise NotThereError("Paradime's API says that the log is not finished")
        elif page.cursor in self._seen:
            raise NotThereError("Paradime's API returned the same page of the log twice")
        else:
            self._cursor = page.cursor
        return text

    def _text(self, page: LogPage) -> bytearray:
        text = bytearray()
        for line in page.lines:
            encoded = line.line.encode()
            self._came += len(encoded)
            if line.stream == self._stream:
                text += encoded
        return text
