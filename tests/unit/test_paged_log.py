"""A console log that comes in pages: put together as it was, and never for ever."""

from collections.abc import Callable
from hashlib import sha256
from itertools import count

import pytest

from functions.paradime import api
from functions.paradime.api import LogLine, LogPage
from functions.paradime.paged_log import FIRST_CURSOR, MAX_PAGES, PagedLog
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    ApiFailingError,
    NotThereError,
    OutOfTimeError,
    TooManyBytesError,
)

MIB = 1024 * 1024

Ask = Callable[[str], LogPage]


@pytest.fixture(autouse=True)
def _small_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few lines are more than an answer holds."""
    monkeypatch.setattr(api, "MAX_ANSWER_BYTES", 100)


def page(*lines: str, cursor: str = "", finished: bool = False) -> LogPage:
    """A line that begins with `!` is one of stderr."""
    told = [LogLine("STDERR" if line.startswith("!") else "STDOUT", line) for line in lines]
    return LogPage(tuple(told), cursor, finished)


THREE = {
    FIRST_CURSOR: page("Running with dbt\r\n", "!a warning\n", cursor="b"),
    "b": page("1 of 2 \N{FIRE}\r", "!another\n", cursor="c"),
    "c": page("\n", "the end, without one", cursor="d", finished=True),
}


def paged(
    ask: Ask, stream: str = "STDOUT", *, max_bytes: int = MIB, seconds: int = 900
) -> PagedLog:
    deadline = Deadline(lambda: seconds * 1000)
    return PagedLog(ask, stream, max_bytes=max_bytes, deadline=deadline)


@pytest.mark.parametrize(
    ("stream", "log"),
    [
        ("STDOUT", "Running with dbt\r\n1 of 2 \N{FIRE}\r\nthe end, without one".encode()),
        ("STDERR", b"!a warning\n!another\n"),
    ],
)
def test_each_log_is_put_together_as_it_was(stream: str, log: bytes) -> None:
    found = paged(THREE.__getitem__, stream)
    assert found.read() == log
    assert (found.bytes_read, found.sha256) == (len(log), sha256(log).hexdigest())


def test_it_is_read_in_pieces_of_any_size() -> None:
    log = paged(THREE.__getitem__)
    pieces = list(iter(lambda: log.read(3), b""))
    assert b"".join(pieces) == paged(THREE.__getitem__).read()
    assert max(map(len, pieces)) == 3


@pytest.mark.parametrize("cursor", [FIRST_CURSOR, "b"])
def test_pages_in_a_circle_come_to_an_end(cursor: str) -> None:
    pages = {FIRST_CURSOR: page("one", cursor="b"), "b": page("two", cursor=cursor)}
    with pytest.raises(NotThereError, match="same page of the log twice"):
        paged(pages.__getitem__).read()


def test_pages_without_end_come_to_an_end() -> None:
    numbers = count()
    with pytest.raises(NotThereError, match=f"more than {MAX_PAGES} pages"):
        paged(lambda cursor: page("more", cursor=f"{next(numbers)}")).read()
    assert next(numbers) == MAX_PAGES


def test_no_more_is_read_than_a_file_may_have() -> None:
    numbers = count()
    with pytest.raises(TooManyBytesError):
        paged(lambda cursor: page("x" * 100, cursor=f"{next(numbers)}"), max_bytes=1_000).read()
    assert next(numbers) <= 12


def test_a_log_that_is_not_finished_is_not_awaited() -> None:
    pages = {FIRST_CURSOR: page("one", cursor="b"), "b": page(cursor="b")}
    with pytest.raises(NotThereError, match="not finished"):
        paged(pages.__getitem__).read()


@pytest.mark.parametrize("lines", [[], ["x"]])
def test_pages_that_hold_less_than_was_too_large_are_no_log(lines: list[str]) -> None:
    with pytest.raises(NotThereError, match="only part"):
        paged(lambda cursor: page(*lines, finished=True)).read()


def test_an_api_that_does_not_page_is_named_with_what_it_says() -> None:
    def refuse(cursor: str) -> LogPage:
        raise NotThereError("Paradime's API answered an error: Missing capability.")

    with pytest.raises(NotThereError, match=r"could not be paged: .* Missing capability"):
        paged(refuse).read()


def test_an_api_that_fails_between_two_pages_is_failing() -> None:
    def ask(cursor: str) -> LogPage:
        if cursor == "b":
            raise ApiFailingError("Paradime's API answered 503")
        return THREE[cursor]

    with pytest.raises(ApiFailingError):
        paged(ask).read()


def test_no_page_is_asked_for_when_time_is_over() -> None:
    with pytest.raises(OutOfTimeError):
        paged(THREE.__getitem__, seconds=1).read()
