"""What is announced of a run, given the state of its schedule; and the history that it tells."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from functions.history.state import (
    Acknowledgment,
    EndedRun,
    Kind,
    RunFacts,
    ScheduleState,
    Told,
)
from functions.history.window import PastRun


class Silence(StrEnum):
    """Why a finished run is not announced."""

    OVERTAKEN = "a newer run of its schedule succeeded, or was announced"
    UNCHANGED = "the nodes that fail are those of the run announced last"
    ACKNOWLEDGED = "somebody has acknowledged that these nodes fail"
    NOTHING_NEW = "it did not fail, and is not the first success after a failure"


class History(Struct, frozen=True, kw_only=True):
    """What came before a run.

    - `failed_in_a_row` runs have failed up to this one since `failing_since`, the start of the
      first; for one that recovered, up to the run before it.
    - `former` is the id of the run that failed before this one, in the same row.
    - `last_success` is the last run before this one that succeeded.
    """

    failing_since: datetime | None = None
    failed_in_a_row: int = 0
    former: int | None = None
    last_success: EndedRun | None = None
    usual_seconds: int | None = None
    acknowledged: Acknowledgment | None = None


def fingerprint(nodes: Iterable[str]) -> str:
    """Stands for a set of failing nodes: two runs with the same fail in the same nodes."""
    return sha256("\n".join(sorted(set(nodes))).encode(errors="replace")).hexdigest()[:16]


def kind_of(
    state: ScheduleState, run: PastRun, nodes: str | None, *, remind: timedelta
) -> Kind | Silence:
    """What to announce of a run that failed, with these failing nodes, or that succeeded.

    Nodes that are not known count as changed: they may hide a new failure. A message that was
    begun is completed as what it was begun.
    """
    told = state.told
    if told and told.run_id == run.run_id and (told.kind is not Kind.RECOVERED) == run.failed:
        return told.kind
    if not run.failed:
        return Kind.RECOVERED if _same(state.recovery, run) else Silence.NOTHING_NEW
    is_late = told is not None and told.place > run.place
    if is_late or not all(later.failed for later in state.later(run)):
        return Silence.OVERTAKEN
    since = state.streak_at(run).since
    if not told or told.kind is Kind.RECOVERED or not since or told.started_at < since:
        return Kind.FAILED
    if nodes is None or nodes != told.nodes:
        return Kind.STILL_FAILING
    if state.acknowledged and run.started_at < state.acknowledged.until:
        return Silence.ACKNOWLEDGED
    return Kind.STILL_FAILING if run.started_at - told.started_at >= remind else Silence.UNCHANGED


def with_told(
    state: ScheduleState, run: RunFacts, nodes: str | None, *, remind: timedelta
) -> ScheduleState:
    """The state once this run is announced, if it is to be; `kind_of` then says as what."""
    kind = kind_of(state, run.past, nodes, remind=remind)
    if isinstance(kind, Kind):
        told = Told(run_id=run.run_id, started_at=run.started_at, kind=kind)
        if not (state.told and state.told.place == told.place and state.told.kind is kind):
            state = replace(state, told=told)
    return state.with_nodes(run.ended, nodes) if run.outcome == "failed" else state


def history(state: ScheduleState, run: PastRun) -> History:
    """What came before a run of the schedule."""
    earlier = state.earlier(run)
    former = earlier[-1] if earlier and earlier[-1].failed else None
    if run.failed:
        streak = state.streak_at(run)
    else:
        streak = state.streak_at(earlier[-1]) if earlier else state.before
    success = next((past for past in reversed(earlier) if not past.failed), None)
    last = state.last_success
    if success is None:
        known = last if last and all(past.run_id != last.run_id for past in state.runs) else None
    else:
        known = last if last and last.run_id == success.run_id else EndedRun(success.run_id)
    return History(
        failing_since=streak.since,
        failed_in_a_row=streak.length,
        former=former.run_id if former else None,
        last_success=known,
        usual_seconds=state.usual_seconds,
        acknowledged=state.acknowledged,
    )


def _same(one: PastRun | None, other: PastRun) -> bool:
    return one is not None and one.run_id == other.run_id
