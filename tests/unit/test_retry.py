"""How long a run waits: delays grow, differ, honour what was asked, and outlast a day."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.fetch.received import delay_seconds
from infra.variant import DEPLOYED


def delay(receive_count: int, *, jitter: float = 0, retry_after: float | None = None) -> int:
    return delay_seconds(
        receive_count=receive_count,
        base=DEPLOYED.retry_base,
        cap=DEPLOYED.retry_cap,
        retry_after=retry_after,
        jitter=jitter,
    )


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_an_outage_of_a_day_is_outlasted(jitter: float) -> None:
    """Before the last receive there are as many delays as receives less one."""
    delays = [delay(count, jitter=jitter) for count in range(1, DEPLOYED.max_receives)]
    assert timedelta(seconds=sum(delays)) >= timedelta(days=1)


def test_delays_double_up_to_the_cap() -> None:
    assert [delay(count) for count in (1, 2, 3, 8, 9, 10, 11, 20)] == [
        *(30, 60, 120, 3840, 7680),
        *(DEPLOYED.retry_cap,) * 3,
    ]


def test_jitter_takes_up_to_a_fifth_off() -> None:
    assert (delay(5, jitter=0), delay(5, jitter=0.5), delay(5, jitter=1)) == (480, 432, 384)


def test_what_was_asked_for_is_waited_for() -> None:
    assert delay(1, retry_after=3600) == 3600


def test_a_shorter_wait_than_ours_is_not() -> None:
    assert delay(5, retry_after=1) == 480


@given(
    st.integers(1, 10_000),
    st.floats(0, 1),
    st.none() | st.floats(0, 1e9, allow_nan=False),
)
def test_sqs_takes_any_delay_however_long_the_function_ran(
    count: int, jitter: float, retry_after: float | None
) -> None:
    """Visibility counts from the receive, and a function runs for 15 minutes at most."""
    longest = timedelta(hours=12) - timedelta(minutes=15)
    assert 0 <= delay(count, jitter=jitter, retry_after=retry_after) <= longest.total_seconds()
