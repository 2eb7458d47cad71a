"""Which files a run's archive has: decided before the first one is fetched."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from functions.run.event import Command, RunEvent
from functions.run.keys import STDERR, STDOUT, command_folder, resource_path, run_prefix
from functions.run.outcome import command_failed

RUN_RESULTS = "run_results.json"
SOURCES = "sources.json"
MANIFEST = "manifest.json"


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


def commands_of_answer(event: RunEvent) -> list[Command]:
    """The commands whose logs and results say what failed: the failed ones and all behind them.

    A later command may have healed what an earlier one left broken. Where no command failed and
    the run did (it timed out, say), its last command was at work.
    """
    commands = unique_commands(event)
    first = next((at for at, command in enumerate(commands) if command_failed(command)), -1)
    return commands[first:]


def is_of_answer(command: Command, file: PlannedFile) -> bool:
    """Whether a file says what failed: logs and manifests do for a failed command only."""
    if file.resource_id is None or _name(file) == MANIFEST:
        return command_failed(command)
    return is_results(file)


def is_results(file: PlannedFile) -> bool:
    """Whether dbt wrote into the file what became of nodes or sources."""
    return _name(file) in (RUN_RESULTS, SOURCES)


def plan_logs(event: RunEvent, command: Command) -> tuple[PlannedFile, PlannedFile]:
    """A command's stdout and stderr."""
    folder = run_prefix(event) + command_folder(event, command)
    stdout, stderr = (
        PlannedFile(key=folder + path, path=path, command_id=command.id)
        for path in (STDOUT, STDERR)
    )
    return stdout, stderr


def plan_resources(
    event: RunEvent, command: Command, listed: Iterable[ListedResource], patterns: Iterable[str]
) -> list[PlannedFile]:
    """The resources of a command, whether it failed or not.

    They are those that the event names, and those that the API lists for the command beyond them
    whose path or file name matches one of the patterns.
    """
    wanted = tuple(patterns)
    paths = {resource.id: resource.path for resource in command.json_resources}
    for resource in listed:
        if resource.id not in paths and _matches(resource.path, wanted):
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


def _name(file: PlannedFile) -> str:
    return file.path.rpartition("/")[2]


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, p) or fnmatchcase(path.rpartition("/")[2], p) for p in patterns)
