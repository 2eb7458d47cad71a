"""Which schedules are late and which runs take too long, as sweeps see them one after the other."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.history.lateness import Expected, Late, Lateness, RunningRun, look

DUE = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
RUNNING = RunningRun(run_id=7, started_at=DUE)


def seen(
    expected: Expected,
    now: datetime,
    *,
    next_run_at: datetime | None = DUE + DAY,
    last_start: datetime | None = DUE - DAY,
    running: tuple[RunningRun, ...] = (),
    usual_seconds: int | None = 600,
) -> tuple[list[Late], Expected]:
    return look(
        expected,
        next_run_at=next_run_at,
        last_start=last_start,
        running=running,
        usual_seconds=usual_seconds,
        stuck_after=timedelta(hours=24),
        now=now,
    )


class TestMissed:
    def test_a_time_that_passed_a_quarter_of_an_hour_ago_without_a_run_is_announced(self) -> None:
        [late], _ = seen(Expected(next_run_at=DUE), DUE + 15 * MINUTE)
        assert late == Late(lateness=Lateness.MISSED, since=DUE)

    def test_it_is_announced_once(self) -> None:
        _, after = seen(Expected(next_run_at=DUE), DUE + 20 * MINUTE, next_run_at=DUE)
        assert seen(after, DUE + 80 * MINUTE, next_run_at=DUE)[0] == []

    @pytest.mark.parametrize("start", [DUE - MINUTE, DUE, DUE + 20 * MINUTE])
    def test_a_run_that_started_then_is_enough(self, start: datetime) -> None:
        assert seen(Expected(next_run_at=DUE), DUE + 30 * MINUTE, last_start=start)[0] == []

    def test_one_that_somebody_started_earlier_is_not(self) -> None:
        early = DUE - 10 * MINUTE
        assert seen(Expected(next_run_at=DUE), DUE + 30 * MINUTE, last_start=early)[0]

    def test_a_time_is_not_forgotten_while_it_is_too_early_to_tell(self) -> None:
        """Paradime already names the next day."""
        found, after = seen(Expected(next_run_at=DUE), DUE + 10 * MINUTE)
        assert found == []
        assert seen(after, DUE + 70 * MINUTE)[0]

    def test_a_schedule_that_was_paused_is_not_late(self) -> None:
        found, after = seen(Expected(next_run_at=DUE), DUE + 30 * MINUTE, next_run_at=None)
        assert found == []
        assert after.next_run_at is None

    def test_a_schedule_that_was_moved_is_expected_at_its_new_time(self) -> None:
        moved = DUE + 3 * 60 * MINUTE
        _, after = seen(Expected(next_run_at=DUE), DUE - 60 * MINUTE, next_run_at=moved)
        assert after.next_run_at == moved

    def test_what_is_seen_for_the_first_time_is_not_late(self) -> None:
        found, after = seen(Expected(), DUE, next_run_at=DUE - DAY)
        assert found == []
        assert after.next_run_at == DUE - DAY

    def test_the_next_time_that_is_missed_is_announced_again(self) -> None:
        _, after = seen(Expected(next_run_at=DUE), DUE + 30 * MINUTE)
        [late], _ = seen(after, DUE + DAY + 30 * MINUTE, next_run_at=DUE + 2 * DAY)
        assert late.since == DUE + DAY


class TestTooLong:
    @pytest.mark.parametrize(
        ("usual_seconds", "minutes", "slow"),
        [(600, 24, False), (600, 25, True), (3600, 119, False), (3600, 120, True)],
    )
    def test_twice_as_long_and_a_quarter_of_an_hour_longer_than_usual_is_slow(
        self, usual_seconds: int, minutes: int, slow: bool
    ) -> None:
        found, _ = seen(
            Expected(), DUE + minutes * MINUTE, running=(RUNNING,), usual_seconds=usual_seconds
        )
        assert [late.lateness for late in found] == ([Lateness.SLOW] if slow else [])

    def test_without_a_usual_duration_none_is_slow(self) -> None:
        assert seen(Expected(), DUE + 600 * MINUTE, running=(RUNNING,), usual_seconds=None)[0] == []

    def test_after_stale_hours_it_is_stuck_whatever_is_usual(self) -> None:
        [late], _ = seen(Expected(), DUE + DAY, running=(RUNNING,), usual_seconds=None)
        assert (late.lateness, late.run_id) == (Lateness.STUCK, 7)

    def test_each_is_announced_once(self) -> None:
        expected, found = Expected(), []
        for hours in (1, 2, 24, 25):
            late, expected = seen(
                expected, DUE + hours * 60 * MINUTE, running=(RUNNING,), next_run_at=None
            )
            found.append([one.lateness for one in late])
        assert found == [[Lateness.SLOW], [], [Lateness.STUCK], []]
