"""A schedule's state: since when it fails, when it last succeeded, what was announced last.

It is a function of the finished runs, ordered by when they started. In whatever order and however
often they are reported, the state ends up the same, as long as none is late by more than `WINDOW`
runs of its schedule: one that is older than all of those changes nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import reduce
from operator import attrgetter
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from functions.history.window import PastRun
from functions.run.event import RunEvent
from functions.run.outcome import ending
from functions.run.record import duration_seconds, ended_at

WINDOW = 50
_FOR_USUAL = 20
_PLACE = attrgetter("place")


class Kind(StrEnum):
    """What a message says of a schedule."""

    FAILED = "failed"
    STILL_FAILING = "still_failing"
    RECOVERED = "recovered"


class RunFacts(Struct, frozen=True, kw_only=True):
    """What the record of a finished run says. `ended_at` is as the record has it; `outcome` is
    "other" for a run that was canceled, skipped and the like, which changes no state.
    """

    run_id: int
    started_at: datetime
    outcome: Literal["failed", "succeeded", "other"]
    ended_at: str | None = None
    seconds: int | None = None
    commit_hash: str | None = None

    @property
    def past(self) -> PastRun:
        return PastRun(self.started_at, self.run_id, self.outcome == "failed", self.seconds)

    @property
    def ended(self) -> "EndedRun":
        return EndedRun(self.run_id, self.ended_at, self.commit_hash)


class EndedRun(Struct, frozen=True):
    """What a message says of an earlier run; None where that is not known."""

    run_id: int
    ended_at: str | None = None
    commit_hash: str | None = None


class Streak(Struct, frozen=True):
    """Runs in a row that failed, and the start of the first one; none if the last succeeded."""

    length: int = 0
    since: datetime | None = None

    def after(self, run: PastRun) -> "Streak":
        if not run.failed:
            return Streak()
        return Streak(self.length + 1, self.since or run.started_at)


class Told(Struct, frozen=True, kw_only=True):
    """The run that was announced last, as what, and the fingerprint of its failing nodes."""

    run_id: int
    started_at: datetime
    kind: Kind
    nodes: str | None = None

    @property
    def place(self) -> tuple[datetime, int]:
        return self.started_at, self.run_id


class Acknowledgment(Struct, frozen=True):
    """Until then, somebody knows that the schedule fails."""

    until: datetime
    note: str = ""


class ScheduleState(Struct, frozen=True, kw_only=True):
    """`runs` are the newest that failed or succeeded, oldest first; `before` is the streak that the
    oldest of them continues. `failing_nodes` is the fingerprint of what fails in the last failure,
    None while that is not known. `usual_seconds` is the median of the last runs that succeeded.
    """

    runs: Sequence[PastRun] = ()
    before: Streak = Streak()
    last_success: EndedRun | None = None
    last_failure: EndedRun | None = None
    failing_nodes: str | None = None
    usual_seconds: int | None = None
    told: Told | None = None
    acknowledged: Acknowledgment | None = None

    @property
    def streak(self) -> Streak:
        """The runs that have failed in a row by now."""
        return reduce(Streak.after, self.runs, self.before)

    def streak_at(self, run: PastRun) -> Streak:
        """Those that had failed in a row when this run ended, itself among them."""
        until = [past for past in self.runs if past.place <= run.place]
        return reduce(Streak.after, until, self.before) if until else Streak().after(run)

    def earlier(self, run: PastRun) -> Sequence[PastRun]:
        return [past for past in self.runs if past.place < run.place]

    def later(self, run: PastRun) -> Sequence[PastRun]:
        return [past for past in self.runs if past.place > run.place]

    def with_run(self, run: RunFacts) -> "ScheduleState":
        """The state with a finished run, or with what is now known of it."""
        runs = [past for past in self.runs if past.run_id != run.run_id]
        if run.outcome != "other":
            runs = sorted([*runs, run.past], key=_PLACE)
        dropped, runs = runs[:-WINDOW], runs[-WINDOW:]
        if any(past.run_id == run.run_id for past in dropped):
            return self  # older than all that are kept
        state = replace(self, runs=tuple(runs), before=reduce(Streak.after, dropped, self.before))
        failures = [past for past in runs if past.failed]
        successes = [past for past in runs if not past.failed]
        last_failure = _last(failures, run, self.last_failure)
        is_same = (
            last_failure and self.last_failure and last_failure.run_id == (self.last_failure.run_id)
        )
        return replace(
            state,
            last_success=_last(successes, run, self.last_success),
            last_failure=last_failure,
            failing_nodes=self.failing_nodes if is_same else None,
            usual_seconds=self._usual_seconds(runs),
            acknowledged=self.acknowledged if state.streak.length else None,
        )

    def _usual_seconds(self, runs: Sequence[PastRun]) -> int | None:
        """If none of them succeeded, it is that of the runs before them, if there were any."""
        durations = [run.seconds for run in runs if not run.failed and run.seconds is not None]
        if durations:
            return _median(durations[-_FOR_USUAL:])
        return self.usual_seconds if len(runs) == WINDOW else None

    def with_nodes(self, run: EndedRun, nodes: str | None) -> "ScheduleState":
        """The state once the failing nodes of a run are known.

        Those of an event that a later one of the same run has replaced count no more.
        """
        failure, told = self.last_failure, self.told
        is_last = failure is not None and failure.run_id == run.run_id
        if nodes is None or (is_last and failure != run):
            return self
        state = replace(self, failing_nodes=nodes) if is_last else self
        if told and told.run_id == run.run_id:
            state = replace(state, told=replace(told, nodes=nodes))
        return state

    def with_ended(self, ended: EndedRun) -> "ScheduleState":
        """The state with what was looked up about a run that `lacks` names."""
        success, failure = self.last_success, self.last_failure
        return replace(
            self,
            last_success=ended if success and success.run_id == ended.run_id else success,
            last_failure=ended if failure and failure.run_id == ended.run_id else failure,
        )

    @property
    def lacks(self) -> Sequence[int]:
        """The ids of runs whose end has to be looked up."""
        ended = [run for run in (self.last_success, self.last_failure) if run]
        return [run.run_id for run in ended if run.ended_at is None]

    def lacks_run(self, started_at: datetime, run_id: int) -> bool:
        """Whether such a run would change the state."""
        is_too_old = len(self.runs) == WINDOW and (started_at, run_id) < self.runs[0].place
        return not is_too_old and all(past.run_id != run_id for past in self.runs)

    @property
    def recovery(self) -> PastRun | None:
        """The first success after a failure, as long as it has not been announced."""
        last_failed = max((at for at, run in enumerate(self.runs) if run.failed), default=-1)
        first, later = last_failed + 1, self.runs[last_failed + 1 :]
        if not later or (first == 0 and not self.before.length):
            return None
        recovery, told = later[0], self.told
        if told and (
            told.place > recovery.place
            or (told.run_id == recovery.run_id and told.kind is Kind.RECOVERED)
        ):
            return None
        return recovery


def facts_of(event: RunEvent) -> RunFacts:
    """What the event of a finished run says, as its record does."""
    return RunFacts(
        run_id=event.id,
        started_at=event.start_dttm,
        outcome=ending(event) or "other",
        ended_at=ended_at(event),
        seconds=duration_seconds(event),
        commit_hash=(event.environment and event.environment.commit_hash) or None,
    )


def known_before(runs: Iterable[PastRun]) -> ScheduleState:
    """The state of a schedule whose runs were recorded by a version that kept none.

    That version announced every failure, so that nothing of the past is announced again.
    """
    state = ScheduleState()
    for run in sorted(runs, key=_PLACE):
        state = state.with_run(
            RunFacts(
                run_id=run.run_id,
                started_at=run.started_at,
                outcome="failed" if run.failed else "succeeded",
                seconds=run.seconds,
            )
        )
    if not state.runs:
        return state
    last = state.runs[-1]
    kind = Kind.FAILED if last.failed else Kind.RECOVERED
    return replace(state, told=Told(run_id=last.run_id, started_at=last.started_at, kind=kind))


def _last(runs: Sequence[PastRun], run: RunFacts, former: EndedRun | None) -> EndedRun | None:
    """The last of these runs; where it is neither `run` nor `former`, its end is not known.

    Where there is none, the former one is older than all runs, unless it was this very run.
    """
    if not runs:
        return None if former and former.run_id == run.run_id else former
    last = runs[-1].run_id
    if last == run.run_id:
        return run.ended
    return former if former and former.run_id == last else EndedRun(last)


def _median(numbers: Sequence[int]) -> int:
    """Not `statistics.median`, whose import costs a cold start more than all of this room."""
    in_order, middle = sorted(numbers), len(numbers) - 1
    return round((in_order[middle // 2] + in_order[(middle + 1) // 2]) / 2)
