"""Announces schedules that have not started and runs that take too long, once each."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from functions.aws.schedules import ScheduleKey, Schedules, SchedulesTable
from functions.aws.topic import Topic
from functions.history.lateness import Expected, Late, RunningRun, look
from functions.message.late_message import compose_late
from functions.paradime.bolt import ListedSchedule
from functions.run.record import index_key
from functions.sweep.compare import KnownRun
from functions.sweep.workspaces import Workspace


class Watch(Struct, frozen=True, kw_only=True):
    """`keep` is for how long it is remembered what was announced."""

    table: SchedulesTable
    topic: Topic
    stuck_after: timedelta
    keep: timedelta

    def announce(
        self,
        workspace: Workspace,
        schedule: ListedSchedule,
        known: Iterable[KnownRun],
        schedules: Schedules,
        now: datetime,
    ) -> Iterator[Late]:
        """A message comes before the note that it was sent: if a sweep stops in between, it is sent
        twice.

        Raises:
            UnavailableError: DynamoDB or SNS failed.
        """
        name = schedule.name
        key = ScheduleKey(workspace_uid=workspace.uid, schedule_key=index_key(workspace.uid, name))
        runs = [run for run in known if run.schedule_name == name]
        starts = [run.started_at for run in runs]
        starts += [schedule.last_run_at] if schedule.last_run_at else []
        state = schedules.states.get(key.schedule_key)
        before = schedules.expected.get(key.schedule_key, Expected())
        found, after = look(
            before,
            next_run_at=schedule.next_run_at,
            last_start=max(starts, default=None),
            running=[
                RunningRun(run_id=run.run_id, started_at=run.started_at)
                for run in runs
                if not run.completed
            ],
            usual_seconds=state.usual_seconds if state else None,
            stuck_after=self.stuck_after,
            now=now,
        )
        for late in found:
            message = compose_late(
                late,
                workspace_uid=workspace.uid,
                workspace_name=workspace.name,
                schedule_name=name,
                now=now,
            )
            self.topic.publish(message.subject, message.by_protocol, message.attributes)
            yield late
        if after != before:
            self.table.expect(key, after, int((now + self.keep).timestamp()))
