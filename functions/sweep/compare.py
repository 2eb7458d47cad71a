"""Which of the runs that the API lists have to be imported: decided from their records."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from functions.history.state import ScheduleState
from functions.paradime.bolt import ListedRun
from functions.run.event import RunEvent
from functions.run.outcome import run_state, state_failed, state_succeeded
from functions.run.record import index_key

# Failed deliveries are retried after 5 s and 5 min. This leaves them time to arrive, so that what
# a sweep finds was really missed.
GRACE = timedelta(minutes=15)

_UNDER_WAY = frozenset({"STARTING", "RUNNING"})
_ENDED = frozenset({"SUCCESS", "ERROR", "FAILED", "CANCELED", "SKIPPED"})


class KnownRun(Struct, frozen=True, kw_only=True):
    """What a run's record says; `ended_at` is None until a completed event arrives."""

    run_id: int
    schedule_name: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    archive_state: str | None

    @property
    def completed(self) -> bool:
        return self.ended_at is not None


def known_run(event: RunEvent, *, queued: bool) -> KnownRun:
    """What the record says once the run is imported."""
    return KnownRun(
        run_id=event.id,
        schedule_name=event.schedule_name,
        state=run_state(event),
        started_at=event.start_dttm,
        ended_at=(event.end_dttm or event.start_dttm) if event.completed else None,
        archive_state="queued" if queued else None,
    )


def has_ended(run: ListedRun) -> bool:
    """A run in a state that we do not know has ended once it has an end."""
    return run.state in _ENDED or (run.state not in _UNDER_WAY and run.end_dttm is not None)


def missed(
    runs: Iterable[ListedRun], known: Mapping[int, KnownRun], *, archive_all: bool, now: datetime
) -> list[ListedRun]:
    """Those of a schedule's runs that have to be imported: oldest first, as deliveries come.

    They ended a while ago, and have no record of a completed event, or one that should have been
    queued and was not, since a sweep stopped in between.
    """
    return [
        run
        for run in reversed(list(runs))
        if has_ended(run)
        and (run.end_dttm or run.start_dttm) < now - GRACE
        and not _is_settled(known.get(run.id), archive_all=archive_all)
    ]


def possibly_lost(known: Iterable[KnownRun], *, now: datetime) -> list[KnownRun]:
    """Runs that ended a while ago and are recorded as queued: their pointer may be lost."""
    return [
        run
        for run in known
        if run.archive_state == "queued" and run.ended_at and run.ended_at < now - GRACE
    ]


def forgotten(
    known: Iterable[KnownRun], states: Mapping[str, ScheduleState], workspace_uid: str
) -> list[tuple[str, KnownRun]]:
    """Runs, behind the key of their schedule, that failed or succeeded and that its state lacks.

    That happens if ingest stops between the two writes, and the sender does not deliver again. A
    schedule without a state gets one with its next run.
    """
    found = []
    for run in known:
        key = index_key(workspace_uid, run.schedule_name)
        if not run.completed or not (state_failed(run.state) or state_succeeded(run.state)):
            continue
        if (state := states.get(key)) is not None and state.lacks_run(run.started_at, run.run_id):
            found.append((key, run))
    return found


def is_stale(run: KnownRun, *, now: datetime, after: timedelta) -> bool:
    return not run.completed and run.started_at < now - after


def _is_settled(run: KnownRun | None, *, archive_all: bool) -> bool:
    if run is None or not run.completed:
        return False
    return run.archive_state is not None or not (archive_all or state_failed(run.state))
