"""Which files a run's archive has: decided before the first of them is fetched."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from functions.run.event import Command, RunEvent
from functions.run.keys import STDERR, STDOUT, apart, command_folder, resource_path


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
    """The run's commands; one that the payload repeats is one command."""
    commands = event.commands or ()
    return [commands[position - 1] for position in event.positions.values()]


def plan_logs(prefix: str, event: RunEvent, command: Command) -> tuple[PlannedFile, PlannedFile]:
    """A command's stdout and stderr; `prefix` is the run's."""
    folder = prefix + command_folder(event, command)
    stdout, stderr = (
        PlannedFile(key=folder + path, path=path, command_id=command.id)
        for path in (STDOUT, STDERR)
    )
    return stdout, stderr


def plan_resources(
    prefix: str,
    event: RunEvent,
    listed: Mapping[int, Iterable[ListedResource]],
    patterns: Iterable[str],
) -> list[PlannedFile]:
    """All resources of a run, of every command and not only the failed one.

    They are those that the event names, and those that the API lists for a command (`listed`,
    by command id) beyond them whose path or file name matches one of the patterns. `prefix` is the
    run's.
    """
    wanted = tuple(patterns)
    return [
        planned
        for command in unique_commands(event)
        for planned in _plan_command(
            prefix + command_folder(event, command), command, listed.get(command.id, ()), wanted
        )
    ]


def _plan_command(
    folder: str,
    command: Command,
    listed: Iterable[ListedResource],
    patterns: tuple[str, ...],
) -> list[PlannedFile]:
    paths = {resource.id: resource.path for resource in command.json_resources}
    # In an order of their own: the one in which the API lists them shall not decide their keys, nor
    # shall a list that comes later change those of the event.
    for resource in sorted(listed, key=lambda resource: (resource.path, resource.id)):
        if resource.id not in paths and _matches(resource.path, patterns):
            paths[resource.id] = resource.path
    count = Counter(paths.values())
    below = [
        resource_path(path, resource_id=resource_id, shared=count[path] > 1)
        for resource_id, path in paths.items()
    ]
    return [
        PlannedFile(key=folder + place, path=path, command_id=command.id, resource_id=resource_id)
        for (resource_id, path), place in zip(
            paths.items(), apart([STDOUT, STDERR, *below])[2:], strict=True
        )
    ]


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, p) or fnmatchcase(path.rpartition("/")[2], p) for p in patterns)
