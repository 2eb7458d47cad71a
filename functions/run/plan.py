"""Which files a run's archive has: decided before the first one is fetched."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from functions.run.event import Command, RunEvent
from functions.run.keys import STDERR, STDOUT, command_folder, resource_path, run_prefix


@dataclass(frozen=True, slots=True)
class ListedResource:
    """A resource as `boltCommand` lists it."""

    id: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file of the archive; `resource_id` is None for a console log."""

    key: str
    path: str
    command_id: int
    resource_id: int | None = None


def unique_commands(event: RunEvent) -> list[Command]:
    """The run's commands; one that the payload repeats counts once."""
    commands = event.commands or ()
    return [commands[position - 1] for position in event.positions.values()]


def plan_logs(event: RunEvent, command: Command) -> tuple[PlannedFile, PlannedFile]:
    """A command's stdout and stderr."""
    folder = run_prefix(event) + command_folder(event, command)
    stdout, stderr = (
        PlannedFile(key=folder + path, path=path, command_id=command.id)
        for path in (STDOUT, STDERR)
    )
    return stdout, stderr


def plan_resources(
    event: RunEvent, listed: Mapping[int, Iterable[ListedResource]], patterns: Iterable[str]
) -> list[PlannedFile]:
    """All resources of a run, of every command and not only of the failed ones.

    They are those that the event names, and of those that only the API lists (`listed`, by command
    id) the ones whose path or file name matches a pattern.
    """
    wanted = tuple(patterns)
    return [
        planned
        for command in unique_commands(event)
        for planned in _plan_command(event, command, listed.get(command.id, ()), wanted)
    ]


def _plan_command(
    event: RunEvent,
    command: Command,
    listed: Iterable[ListedResource],
    patterns: tuple[str, ...],
) -> list[PlannedFile]:
    paths = {resource.id: resource.path for resource in command.json_resources}
    for resource in listed:
        if resource.id not in paths and _matches(resource.path, patterns):
            paths[resource.id] = resource.path
    folder = run_prefix(event) + command_folder(event, command)
    count = Counter(paths.values())
    return [
        PlannedFile(
            key=folder + resource_path(path, resource_id=resource_id, shared=count[path] > 1),
            path=path,
            command_id=command.id,
            resource_id=resource_id,
        )
        for resource_id, path in paths.items()
    ]


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, p) or fnmatchcase(path.rpartition("/")[2], p) for p in patterns)
