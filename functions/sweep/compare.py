"""Which of the runs that the API lists have to be taken in: decided from their records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.paradime.bolt import ListedRun
from functions.run.event import RunEvent
from functions.run.outcome import run_state, state_failed

# A delivery that failed once or twice is sent again after 5 s and 5 min: those get their chance,
# so that what a sweep finds was really missed.
GRACE = timedelta(minutes=15)

_UNDER_WAY = frozenset({"STARTING", "RUNNING"})
_ENDED = frozenset({"SUCCESS", "ERROR", "FAILED", "CANCELED", "SKIPPED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRun:
    """What a run's record says; `completed` is False while only a started event has come."""

    run_id: int
    state: str
    started_at: datetime
    completed: bool
    archive_state: str | None


def known_run(event: RunEvent, *, queued: bool) -> KnownRun:
    """What the record says once the run is taken in."""
    return KnownRun(
        run_id=event.id,
        state=run_state(event),
        started_at=event.start_dttm,
        completed=event.completed,
        archive_state="queued" if queued else None,
    )


def has_ended(run: ListedRun) -> bool:
    """A state that is not known counts as an end once the run has one."""
    return run.state in _ENDED or (run.state not in _UNDER_WAY and run.end_dttm is not None)


def missed(
    runs: Iterable[ListedRun], known: Mapping[int, KnownRun], *, archive_all: bool, now: datetime
) -> list[ListedRun]:
    """The runs to take in, of those that a schedule has: oldest first, as deliveries come.

    They have ended some time ago, and have no record of a completed event, or one that should
    have been queued and was not: a sweep stopped in between.
    """
    return [
        run
        for run in reversed(list(runs))
        if has_ended(run)
        and (run.end_dttm or run.start_dttm) < now - GRACE
        and not _is_settled(known.get(run.id), archive_all=archive_all)
    ]


def is_stale(run: KnownRun, *, now: datetime, after: timedelta) -> bool:
    return not run.completed and run.started_at < now - after


def _is_settled(run: KnownRun | None, *, archive_all: bool) -> bool:
    if run is None or not run.completed:
        return False
    return run.archive_state is not None or not (archive_all or state_failed(run.state))
