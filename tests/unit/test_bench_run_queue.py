"""The simulated run queue: it agrees with arithmetic where that is exact, and loses nothing."""

import pytest

from bench import run_queue
from bench.run_queue import DAY, HOUR, Load, longest_delay, simulate


def load(*, rate: float = 0.5, workers: int = 2, outage_seconds: float = 0) -> Load:
    return Load(
        rate=rate,
        workers=workers,
        service_seconds=1,
        failing_seconds=1,
        outage_seconds=outage_seconds,
    )


def test_workers_are_as_busy_as_arithmetic_says() -> None:
    given = load()
    outcome = simulate(given, seconds=DAY)
    busy = outcome.busy_seconds / given.workers / DAY
    assert busy == pytest.approx(given.utilisation, rel=0.03)


def test_a_queue_beyond_its_workers_grows_as_arithmetic_says() -> None:
    """The last run to be taken has waited for the share that could not be taken."""
    outcome = simulate(load(rate=4), seconds=HOUR)
    assert outcome.waits[-1] == pytest.approx(HOUR / 2, rel=0.05)


def test_a_backlog_is_drained_in_the_time_that_workers_have_left() -> None:
    given = load(rate=0.25, workers=1, outage_seconds=DAY)
    outcome = simulate(given, seconds=14 * DAY)
    assert outcome.ended_at - DAY == pytest.approx(given.drain_seconds, rel=0.05)


def test_few_runs_wait_for_the_longest_delay() -> None:
    given = load(rate=0.001, outage_seconds=DAY)
    assert given.drain_seconds == longest_delay(DAY) == 3 * HOUR
    outcome = simulate(given, seconds=14 * DAY)
    assert outcome.ended_at - DAY <= given.drain_seconds


def test_a_short_outage_puts_nothing_off_for_hours() -> None:
    assert longest_delay(1) == 30


@pytest.mark.parametrize("rate", [0.001, 0.25])
def test_an_outage_of_a_day_loses_nothing(rate: float) -> None:
    outcome = simulate(load(rate=rate, workers=1, outage_seconds=DAY), seconds=14 * DAY)
    assert (outcome.dead_letters, outcome.archived > 0) == (0, True)


def test_an_outage_of_three_days_gives_runs_up() -> None:
    assert simulate(load(rate=0.001, outage_seconds=3 * DAY), seconds=14 * DAY).dead_letters > 0


def test_no_more_messages_are_in_flight_than_sqs_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    given = load(rate=0.03, outage_seconds=DAY)
    assert simulate(given, seconds=14 * DAY).most_in_flight > 100
    monkeypatch.setattr(run_queue, "MAX_IN_FLIGHT", 100)
    outcome = simulate(given, seconds=14 * DAY)
    assert (outcome.most_in_flight, outcome.dead_letters) == (100, 0)
