"""The Bolt of one workspace: schedules and runs, looked up by id."""

import threading
import uuid
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from local.standin.data import Command, Resource, Run

Key = TypeVar("Key", int, str)
Value = TypeVar("Value")


class NotFoundError(Exception):
    """This workspace has no schedule, run, command or resource with the requested id."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    slug: str
    name: str
    active: bool = True
    suspended: bool = False
    schedule: str = "@daily"
    source: str = "UI"
    owner: str | None = None
    commands: list[str] | None = None
    git_branch: str | None = None
    next_run_at: str | None = None
    # The API has these fields too; schedules here leave them null.
    turbo_ci: None = None
    deferred_schedule: None = None
    slack_on: None = None
    slack_notify: None = None
    email_on: None = None
    email_notify: None = None
    notifications: None = None

    @property
    def id(self) -> int:
        return zlib.crc32(self.slug.encode()) >> 1  # GraphQL's Int has 31 bits and a sign

    @property
    def uuid(self) -> str:
        return str(uuid.uuid3(uuid.NAMESPACE_URL, self.slug))


class Bolt:
    """Runs can be added and replaced while it is being served."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._lock = threading.Lock()
        self._schedules: dict[str, Schedule] = {}
        self._runs: dict[int, Run] = {}
        self._commands: dict[int, tuple[Run, Command]] = {}
        self._resources: dict[int, tuple[Run, Resource]] = {}
        for run in runs:
            self.add(run)

    def add(self, run: Run) -> None:
        """Adds a run, or replaces the one with the same id.

        Creates the run's schedule if it is new. Raises `ValueError` when another run has a command
        or resource with the same id.
        """
        with self._lock:
            for command in run.commands:
                _check_free("command", command.id, self._commands, run)
                for resource in command.resources:
                    _check_free("resource", resource.id, self._resources, run)
            if former := self._runs.pop(run.run_id, None):
                for command in former.commands:
                    del self._commands[command.id]
                    for resource in command.resources:
                        del self._resources[resource.id]
            self._runs[run.run_id] = run
            for command in run.commands:
                self._commands[command.id] = run, command
                for resource in command.resources:
                    self._resources[resource.id] = run, resource
            self._schedules.setdefault(
                run.schedule_slug, Schedule(slug=run.schedule_slug, name=run.schedule_name)
            )

    def add_schedule(self, schedule: Schedule) -> None:
        """For a schedule without runs, or with other than default values: inactive, suspended, …"""
        with self._lock:
            self._schedules[schedule.slug] = schedule

    def schedules(self, *, active: bool, suspended: bool | None) -> list[Schedule]:
        with self._lock:
            return [
                schedule
                for schedule in self._schedules.values()
                if schedule.active == active and suspended in (None, schedule.suspended)
            ]

    def runs(self, slug: str) -> list[Run]:
        """The schedule's runs, newest first."""
        with self._lock:
            _find("schedule", slug, self._schedules)
            runs = [run for run in self._runs.values() if run.schedule_slug == slug]
        return sorted(runs, key=lambda run: (run.start_dttm, run.run_id), reverse=True)

    def run(self, run_id: int) -> Run:
        with self._lock:
            return _find("run", run_id, self._runs)

    def command(self, command_id: int) -> tuple[Run, Command]:
        with self._lock:
            return _find("command", command_id, self._commands)

    def resource(self, resource_id: int) -> Resource:
        with self._lock:
            return _find("resource", resource_id, self._resources)[1]


def _find(what: str, key: Key, known: Mapping[Key, Value]) -> Value:
    if key not in known:
        raise NotFoundError(f"Bolt {what} {key} not found.")
    return known[key]


def _check_free(what: str, key: int, known: Mapping[int, tuple[Run, Any]], run: Run) -> None:
    if key in known and known[key][0].run_id != run.run_id:
        raise ValueError(f"{what} {key} already belongs to run {known[key][0].run_id}")
