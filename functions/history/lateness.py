"""Which schedules should have started, and which of their runs take too long: decided from what a
sweep sees. Each is announced once.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

# Paradime starts a run some minutes after its time if it is busy.
LATE_AFTER = timedelta(minutes=15)
# Clocks differ; a run that somebody started a quarter of an hour early is another one.
TOLERANCE = timedelta(minutes=1)
# A run that takes a little longer than usual is nothing to wake anybody for.
SLOW_FACTOR = 2
LEAST_EXCESS = timedelta(minutes=15)


class Lateness(StrEnum):
    """What is wrong, as a message's event type."""

    MISSED = "schedule_missed"
    SLOW = "run_slow"
    STUCK = "run_stuck"


class Expected(Struct, frozen=True, kw_only=True):
    """What sweeps have seen of a schedule.

    `next_run_at` is when its next run should start, `missed_at` such a time that passed without a
    run and was announced. `slow` and `stuck` are the ids of the runs that were announced last.
    """

    next_run_at: datetime | None = None
    missed_at: datetime | None = None
    slow: int | None = None
    stuck: int | None = None


class RunningRun(Struct, frozen=True, kw_only=True):
    run_id: int
    started_at: datetime


class Late(Struct, frozen=True, kw_only=True):
    """`since` is when the run should have started, or when it did; `usual_seconds` is how long one
    usually takes, None if that is not known.
    """

    lateness: Lateness
    since: datetime
    run_id: int | None = None
    usual_seconds: int | None = None


def look(
    expected: Expected,
    *,
    next_run_at: datetime | None,
    last_start: datetime | None,
    running: Iterable[RunningRun],
    usual_seconds: int | None,
    stuck_after: timedelta,
    now: datetime,
) -> tuple[list[Late], Expected]:
    """What is to be announced, and what is expected from then on.

    `next_run_at` is what Paradime says now, None for a schedule that is paused; `last_start` is the
    start of the latest run of which anybody has told.
    """
    found = []
    due = expected.next_run_at
    if next_run_at is None or due is None or due > now:
        expected = replace(expected, next_run_at=next_run_at)
    elif due <= now - LATE_AFTER:  # otherwise it is too early to tell
        has_started = last_start is not None and last_start >= due - TOLERANCE
        if not has_started and expected.missed_at != due:
            found.append(Late(lateness=Lateness.MISSED, since=due))
            expected = replace(expected, missed_at=due)
        expected = replace(expected, next_run_at=next_run_at)
    for late in _too_long(running, usual_seconds, stuck_after, now):
        told = expected.stuck if late.lateness is Lateness.STUCK else expected.slow
        if told == late.run_id:
            continue
        found.append(late)
        if late.lateness is Lateness.STUCK:
            expected = replace(expected, stuck=late.run_id, slow=late.run_id)
        else:
            expected = replace(expected, slow=late.run_id)
    return found, expected


def _too_long(
    running: Iterable[RunningRun], usual_seconds: int | None, stuck_after: timedelta, now: datetime
) -> Iterator[Late]:
    usual = None if usual_seconds is None else timedelta(seconds=usual_seconds)
    for run in running:
        lasts = now - run.started_at
        if lasts >= stuck_after:
            lateness = Lateness.STUCK
        elif usual is not None and lasts >= max(usual * SLOW_FACTOR, usual + LEAST_EXCESS):
            lateness = Lateness.SLOW
        else:
            continue
        yield Late(
            lateness=lateness,
            since=run.started_at,
            run_id=run.run_id,
            usual_seconds=usual_seconds,
        )
