"""Paradime's API, as far as finding and rebuilding runs needs it.

Source: the vendor's SDK (package `paradime-io`). Two things that one would not guess:
`showInactive` lists the inactive schedules in place of the active ones, and a schedule's runs
come newest first.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

from msgspec import Struct

from functions.paradime.api import ParadimeApi, ResourceAnswer
from functions.paradime.pace import Pace
from functions.run.fields import Id, Instant
from functions.shared.deadline import Deadline
from functions.shared.errors import TryAgainError
from functions.shared.read_json import Lenient, OrEmpty

PAGE = 100

_SCHEDULES = """
query SweepSchedules($offset: Int!, $limit: Int!, $showInactive: Boolean!) {
  listBoltSchedules(offset: $offset, limit: $limit, showInactive: $showInactive) {
    schedules { name slug uuid lastRunAt nextRunAt }
  }
}
"""
_RUNS = """
query SweepRuns($slug: String, $offset: Int!, $limit: Int!) {
  listBoltRuns(slug: $slug, offset: $offset, limit: $limit) {
    ok
    runs {
      id state actor actorEmail startDttm endDttm parentScheduleRunId
      gitInfo { branch commitHash pullRequestId }
    }
  }
}
"""
_RUN = """
query SweepRun($runId: Int!) {
  boltRunStatus(runId: $runId) {
    commands { id command startDttm endDttm returnCode }
  }
}
"""


class _Answer(Struct, frozen=True, rename="camel"):
    pass


class ListedSchedule(_Answer, frozen=True):
    name: str
    slug: str | None = None
    uuid: Lenient[str] = None
    last_run_at: OrEmpty[Instant] = None
    next_run_at: OrEmpty[Instant] = None

    @property
    def key(self) -> str:
        """What the API takes for its slug; schedules are swept in its order."""
        return self.slug or self.name


class GitInfo(_Answer, frozen=True):
    branch: Lenient[str] = None
    commit_hash: Lenient[str] = None
    pull_request_id: Lenient[str] = None


class ListedRun(_Answer, frozen=True, kw_only=True):
    """`state` is STARTING, RUNNING, SUCCESS, ERROR, FAILED, CANCELED or SKIPPED; expect others.

    A retry names the run that it repeats as its parent.
    """

    id: Id
    state: str
    actor: Lenient[str] = None
    actor_email: Lenient[str] = None
    start_dttm: Instant
    end_dttm: OrEmpty[Instant] = None
    parent_schedule_run_id: Lenient[Id] = None
    git_info: GitInfo | None = None


class RunCommand(_Answer, frozen=True):
    id: Id
    command: str
    start_dttm: OrEmpty[Instant] = None
    end_dttm: OrEmpty[Instant] = None
    return_code: int | None = None


class _Schedules(_Answer, frozen=True):
    schedules: tuple[ListedSchedule, ...]


class _Runs(_Answer, frozen=True):
    ok: bool
    runs: tuple[ListedRun, ...]


class _Run(_Answer, frozen=True):
    commands: tuple[RunCommand, ...]


_Model = TypeVar("_Model", bound=Struct)


class BoltApi:
    """One workspace's Bolt. Each method asks no faster than `pace` and not beyond `deadline`.

    All raise:
        OutOfTimeError: too little of the function's time is left to ask.
        AskedToWaitError: the API has asked for longer waits than there is time for.
        TryAgainError: the API did not answer as it should.
    """

    def __init__(self, api: ParadimeApi, pace: Pace, deadline: Deadline) -> None:
        self._api = api
        self._pace = pace
        self._deadline = deadline

    def schedules(self) -> list[ListedSchedule]:
        """All schedules, inactive ones as well: their last runs may be of yesterday."""
        return sorted(
            {
                schedule.key: schedule
                for inactive in (False, True)
                for schedule in self._schedules(show_inactive=inactive)
            }.values(),
            key=lambda schedule: schedule.key,
        )

    def runs(self, schedule: ListedSchedule, since: datetime) -> list[ListedRun]:
        """The runs of a schedule that started at that instant or later, newest first."""
        if schedule.last_run_at is not None and schedule.last_run_at < since:
            return []
        found: dict[int, ListedRun] = {}
        for offset in count(0, PAGE):
            variables = {"slug": schedule.key, "offset": offset, "limit": PAGE}
            answer = self._ask(_RUNS, variables, "listBoltRuns", _Runs)
            if not answer.ok:
                raise TryAgainError(f"Paradime lists no runs of schedule {schedule.key}")
            found |= {run.id: run for run in answer.runs if run.start_dttm >= since}
            if len(answer.runs) < PAGE or answer.runs[-1].start_dttm < since:
                break
        return list(found.values())

    def commands(self, run_id: int) -> list[RunCommand]:
        """A run's commands in the order of their ids, which is that of the payloads."""
        answer = self._ask(_RUN, {"runId": run_id}, "boltRunStatus", _Run)
        return sorted(answer.commands, key=lambda command: command.id)

    def resources(self, command_id: int) -> tuple[ResourceAnswer, ...]:
        with self._pace.call(self._deadline):
            return self._api.command(command_id, with_logs=False).resources or ()

    def _schedules(self, *, show_inactive: bool) -> Iterator[ListedSchedule]:
        for offset in count(0, PAGE):
            variables = {"offset": offset, "limit": PAGE, "showInactive": show_inactive}
            page = self._ask(_SCHEDULES, variables, "listBoltSchedules", _Schedules).schedules
            yield from page
            if len(page) < PAGE:
                return

    def _ask(
        self, query: str, variables: dict[str, Any], field: str, model: type[_Model]
    ) -> _Model:
        with self._pace.call(self._deadline):
            return self._api.ask(query, variables, field, model)
