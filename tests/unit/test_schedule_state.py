"""A schedule's state, as its runs are reported: in any order, and however often."""

from datetime import UTC, datetime, timedelta
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.aws.schedules import from_item, to_item
from functions.history.state import (
    WINDOW,
    Acknowledgment,
    EndedRun,
    Kind,
    RunFacts,
    ScheduleState,
    Streak,
    Told,
)
from functions.history.telling import history
from functions.history.window import PastRun, pack, unpack

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def run(number: int, outcome: str = "succeeded", seconds: int | None = 60) -> RunFacts:
    """The `number`-th run of a schedule, a day after the one before."""
    return RunFacts(
        run_id=number,
        started_at=START + timedelta(days=number),
        outcome=outcome,  # type: ignore[arg-type]
        ended_at=f"end {number}",
        seconds=seconds,
        commit_hash=f"commit {number}",
    )


def state_of(*runs: RunFacts) -> ScheduleState:
    state = ScheduleState()
    for one in runs:
        state = state.with_run(one)
    return state


FACTS = st.lists(st.sampled_from(["succeeded", "failed", "other"]), min_size=1, max_size=12).map(
    lambda outcomes: [run(number, outcome) for number, outcome in enumerate(outcomes, start=1)]
)


@given(st.data())
def test_any_order_and_any_repetition_ends_in_the_same_state(data: st.DataObject) -> None:
    runs = data.draw(FACTS)
    shuffled = data.draw(st.permutations(runs + runs[: len(runs) // 2]))
    # What became of a run's end is looked up by whoever stores the state.
    lacking = state_of(*shuffled)
    ends = {one.run_id: one.ended for one in runs}
    for run_id in lacking.lacks:
        lacking = lacking.with_ended(ends[run_id])
    assert lacking == state_of(*runs)


@given(FACTS)
def test_a_state_that_is_stored_and_read_is_the_same(runs: list[RunFacts]) -> None:
    state = state_of(*runs)
    assert from_item(to_item(state)) == state


def test_what_was_announced_and_acknowledged_is_stored_as_well() -> None:
    state = ScheduleState(
        before=Streak(3, START),
        told=Told(run_id=7, started_at=START, kind=Kind.STILL_FAILING, nodes="abc"),
        acknowledged=Acknowledgment(START, "on it"),
    )
    assert from_item(to_item(state)) == state


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"runs": b"no window", "failed_in_a_row": 0},
        {"runs": pack([]), "told": {"run_id": 1}},
        {"runs": pack([]), "told": {"run_id": 1, "started_at": "2026", "kind": "unheard of"}},
    ],
)
def test_a_state_that_cannot_be_read_is_none(item: dict[str, object]) -> None:
    assert from_item(item) is None


@given(
    st.lists(
        st.builds(
            PastRun,
            st.datetimes(timezones=st.just(UTC)),
            st.integers(1, 2**63 - 1),
            st.booleans(),
            st.none() | st.integers(-(2**31), 2**40),
        ),
        max_size=60,
    ).map(lambda runs: sorted(runs, key=attrgetter("place")))
)
def test_packed_runs_are_unpacked_as_they_were(runs: list[PastRun]) -> None:
    assert list(unpack(pack(runs))) == runs


def test_a_failing_streak_goes_on_beyond_the_runs_that_are_kept() -> None:
    state = state_of(*(run(number, "failed") for number in range(1, WINDOW + 31)))
    assert len(state.runs) == WINDOW
    assert state.streak == Streak(WINDOW + 30, START + timedelta(days=1))


def test_a_run_older_than_all_that_are_kept_changes_nothing() -> None:
    state = state_of(*(run(number) for number in range(10, WINDOW + 10)))
    assert state.with_run(run(1, "failed")) == state
    assert not state.lacks_run(START, 1)


def test_the_last_success_outlives_the_runs_that_are_kept() -> None:
    failures = (run(number, "failed") for number in range(2, WINDOW + 10))
    assert state_of(run(1), *failures).last_success == EndedRun(1, "end 1", "commit 1")


@pytest.mark.parametrize(
    ("seconds", "usual"),
    [([60], 60), ([10, 30], 20), ([10, 1000, 30], 30), ([9999] + [60] * 20, 60), ([None, 50], 50)],
)
def test_the_usual_duration_is_the_median_of_the_last_twenty_that_succeeded(
    seconds: list[int | None], usual: int
) -> None:
    runs = [run(number, seconds=took) for number, took in enumerate(seconds, start=1)]
    assert state_of(*runs, run(99, "failed", 5)).usual_seconds == usual


class TestHistory:
    def test_of_a_first_failure_it_has_no_former_one(self) -> None:
        state = state_of(run(1), run(2, "failed"))
        found = history(state, run(2, "failed").past)
        assert (found.failed_in_a_row, found.former) == (1, None)
        assert found.last_success == EndedRun(1, "end 1", "commit 1")

    def test_of_a_run_in_the_middle_it_counts_no_later_ones(self) -> None:
        state = state_of(run(1), *(run(number, "failed") for number in (2, 3, 4)))
        found = history(state, run(3, "failed").past)
        assert (found.failed_in_a_row, found.former) == (2, 2)

    def test_of_a_recovery_it_counts_the_failures_that_ended(self) -> None:
        state = state_of(run(1), run(2, "failed"), run(3, "failed"), run(4))
        found = history(state, run(4).past)
        assert (found.failed_in_a_row, found.failing_since) == (2, START + timedelta(days=2))
        assert found.last_success == EndedRun(1)
