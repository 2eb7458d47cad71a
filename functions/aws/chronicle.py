"""Keeps the states of schedules up to date, as several functions at once report their runs."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from functions.aws.schedules import ScheduleKey, SchedulesTable
from functions.aws.table import RunsTable
from functions.history.state import WINDOW, ScheduleState, known_before
from functions.shared.errors import SupersededError, UnavailableError

_ATTEMPTS = 20
_LONGEST_WAIT_SECONDS = 0.2


class Chronicle(Struct, frozen=True):
    """`keep` is for how long a state is kept after the last change."""

    schedules: SchedulesTable
    runs: RunsTable
    keep: timedelta

    def change(
        self, key: ScheduleKey, run_id: int, change: Callable[[ScheduleState], ScheduleState]
    ) -> ScheduleState:
        """Changes a schedule's state because of a run; one read, and one write if anything changes.

        `change` is called again if the state has changed meanwhile, and is to read anew what it
        reads. So a change that depends on a record is made from the record as it is by then.

        Raises:
            UnavailableError: DynamoDB failed, or the state changed again and again.
        """
        for attempt in range(_ATTEMPTS):
            stored = self.schedules.read(key)
            former = stored.state or self._recorded(key, run_id)
            state = change(former)
            if state == stored.state:
                return state
            for ended in state.lacks:
                state = state.with_ended(self.runs.ended(f"{key.workspace_uid}#{ended}"))
            expires = int((datetime.now(UTC) + self.keep).timestamp())
            try:
                self.schedules.write(key, state, stored.version, expires)
            except SupersededError:
                time.sleep(random.random() * min(0.01 * 2**attempt, _LONGEST_WAIT_SECONDS))  # noqa: S311
            else:
                return state
        raise UnavailableError(f"the state of schedule {key.schedule_key} changes all the time")

    def _recorded(self, key: ScheduleKey, run_id: int) -> ScheduleState:
        """The state that the records tell of, without the run that is to be added."""
        return known_before(
            run for run in self.runs.newest(key.schedule_key, WINDOW) if run.run_id != run_id
        )
