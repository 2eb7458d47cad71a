"""Numbers, durations and sizes in words."""

import pytest

from functions.run.display import counted, lasted, size


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (0, "file", "0 files"),
        (1, "file", "1 file"),
        (1_234, "unit test", "1,234 unit tests"),
        (1, "delivery", "1 delivery"),
        (2, "delivery", "2 deliveries"),
        (2, "analysis", "2 analyses"),
    ],
)
def test_count(number: int, noun: str, words: str) -> None:
    assert counted(number, noun) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "less than a second"),
        (59.6, "1 min"),
        (3_725, "1 h 2 min"),
        (7_205, "2 h 5 s"),
        (180_000, "2 d 2 h"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert lasted(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1_500, "1.5 KB"),
        (2 * 10**9, "2.0 GB"),
        (5 * 10**12, "5000.0 GB"),
    ],
)
def test_size(number: int, words: str) -> None:
    assert size(number) == words
