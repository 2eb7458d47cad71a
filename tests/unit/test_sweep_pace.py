"""How fast a sweep asks Paradime's API."""

import pytest

from functions.paradime.pace import MAX_ASKED_SECONDS, SECONDS_BETWEEN_CALLS, Pace
from functions.shared.deadline import MARGIN_MILLISECONDS, Deadline
from functions.shared.errors import AskedToWaitError, OutOfTimeError, TryAgainError


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock, clock.sleep)


AMPLE = Deadline(lambda: 900_000)


def call(pace: Pace, deadline: Deadline = AMPLE) -> None:
    with pace.call(deadline):
        pass


def refused(pace: Pace, retry_after: float | None) -> None:
    with pytest.raises(TryAgainError, match="busy"), pace.call(AMPLE):
        raise TryAgainError("busy", retry_after=retry_after)


def test_the_first_call_waits_for_nothing(pace: Pace, clock: Clock) -> None:
    call(pace)
    assert sum(clock.slept) == 0


def test_calls_are_kept_apart(pace: Pace, clock: Clock) -> None:
    for _ in range(6):
        call(pace)
    assert sum(clock.slept) == pytest.approx(5 * SECONDS_BETWEEN_CALLS)


def test_time_that_passed_otherwise_counts(pace: Pace, clock: Clock) -> None:
    call(pace)
    clock.now += 60
    call(pace)
    assert sum(clock.slept) == 0


def test_after_a_call_that_waited_the_next_one_is_not_sooner(pace: Pace, clock: Clock) -> None:
    call(pace)
    clock.now += 60
    call(pace)
    call(pace)
    assert sum(clock.slept) == pytest.approx(SECONDS_BETWEEN_CALLS)


def test_the_wait_that_the_api_asks_for_is_kept(pace: Pace, clock: Clock) -> None:
    refused(pace, retry_after=30)
    call(pace)
    assert sum(clock.slept) == pytest.approx(30)


def test_a_fault_without_a_wait_keeps_the_pace(pace: Pace, clock: Clock) -> None:
    refused(pace, retry_after=None)
    call(pace)
    assert sum(clock.slept) == pytest.approx(SECONDS_BETWEEN_CALLS)


@pytest.mark.parametrize("wait", [MAX_ASKED_SECONDS + 1, 12 * 60 * 60])
def test_a_long_wait_is_not_begun(pace: Pace, clock: Clock, wait: float) -> None:
    refused(pace, retry_after=wait)
    with pytest.raises(AskedToWaitError):
        call(pace)
    assert clock.slept == [0]


def test_short_waits_add_up(pace: Pace, clock: Clock) -> None:
    """An API that asks for a little at each turn would otherwise use up a whole sweep."""
    for _ in range(int(MAX_ASKED_SECONDS) // 30 + 1):
        refused(pace, retry_after=30)
    with pytest.raises(AskedToWaitError):
        call(pace)
    assert sum(clock.slept) <= MAX_ASKED_SECONDS


def test_a_wait_beyond_the_functions_time_is_not_begun(pace: Pace, clock: Clock) -> None:
    refused(pace, retry_after=60)
    soon_over = Deadline(lambda: 60_000 + MARGIN_MILLISECONDS - 1)
    with pytest.raises(AskedToWaitError):
        call(pace, soon_over)
    assert clock.slept == [0]


def test_without_time_no_call_is_begun(pace: Pace) -> None:
    with pytest.raises(OutOfTimeError):
        call(pace, Deadline(lambda: MARGIN_MILLISECONDS - 1))
