"""Which files a run's archive has: decided before the first one is fetched."""

from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase

from msgspec import Struct

from functions.run.event import Command, RunEvent
from functions.run.keys import STDERR, STDOUT, apart, command_folder, resource_path
from functions.run.outcome import run_failed

RUN_RESULTS = "run_results.json"
SOURCES = "sources.json"
MANIFEST = "manifest.json"
RESULTS = (RUN_RESULTS, SOURCES)


class ListedResource(Struct, frozen=True):
    """A resource as `boltCommand` lists it."""

    id: int
    path: str


class PlannedFile(Struct, frozen=True, kw_only=True):
    """A file of the archive; `resource_id` is None for a console log."""

    key: str
    path: str
    command_id: int
    resource_id: int | None = None


def unique_commands(event: RunEvent) -> list[Command]:
    """The run's commands; one that the payload repeats counts once."""
    commands = event.commands or ()
    return [commands[position - 1] for position in event.positions.values()]


def to_explain(event: RunEvent) -> list[Command]:
    """The commands whose logs may say why a run failed.

    They are the failed ones, otherwise those that never ended, otherwise the last one.
    """
    commands = unique_commands(event)
    failed = [command for command in commands if command.failed]
    if failed or not run_failed(event):
        return failed
    unended = [command for command in commands if command.return_code is None]
    return [command for command in unended if command.end_dttm is None] or unended or commands[-1:]


def commands_of_answer(event: RunEvent) -> list[Command]:
    """The commands whose files say what failed: from the first one to be explained on.

    A later command may have repaired what an earlier one left broken.
    """
    commands = unique_commands(event)
    explained = {command.id for command in to_explain(event)}
    first = next((at for at, command in enumerate(commands) if command.id in explained), None)
    return [] if first is None else commands[first:]


def is_of_answer(event: RunEvent, file: PlannedFile) -> bool:
    """Whether a file says what failed. Logs and manifests do so for commands to be explained."""
    if file.resource_id is None or _name(file) == MANIFEST:
        return any(file.command_id == command.id for command in to_explain(event))
    return is_results(file)


def is_results(file: PlannedFile) -> bool:
    """Whether the file contains dbt's results, of nodes or of sources."""
    return _name(file) in RESULTS


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
    command: Command,
    listed: Iterable[ListedResource],
    patterns: Iterable[str],
) -> list[PlannedFile]:
    """The resources of a command, whether it failed or not; `prefix` is the run's.

    They are those that the event names, and of those that only the API lists the ones whose path or
    file name matches a pattern.
    """
    wanted = tuple(patterns)
    folder = prefix + command_folder(event, command)
    paths = {resource.id: resource.path for resource in command.json_resources}
    # Sorted, so that keys do not depend on the API's order. A list that comes later must not change
    # the keys of the event's resources either.
    for resource in sorted(listed, key=lambda resource: (resource.path, resource.id)):
        if resource.id not in paths and _matches(resource.path, wanted):
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


def _name(file: PlannedFile) -> str:
    return file.path.rpartition("/")[2]


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, p) or fnmatchcase(path.rpartition("/")[2], p) for p in patterns)
