"""Which results are a command's own.

Not those in a folder that it compares its project with, not those made before it began, and not
those of an invocation that an earlier command has told of. A manifest is never judged by time:
partial parsing dates it earlier. Source:
https://docs.getdbt.com/reference/node-selection/state-selection
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from posixpath import normpath

from functions.findings.artifacts.results import Results
from functions.run.event import Command
from functions.run.fields import Instant
from functions.run.inventory import ArchivedFile

# What a worker's clock may differ from that of the scheduler.
MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)

_STATE = r"--(?:defer-)?state(?:=|\s+)|\bDBT_(?:DEFER_STATE|STATE|ARTIFACT_STATE_PATH)="
_TARGET = r"--target-path(?:=|\s+)|\bDBT_TARGET_PATH="
_FOLDER = r"""(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<plain>[^\s;&|"']+))"""
_STATE_FOLDER = re.compile(f"(?:{_STATE}){_FOLDER}")
_TARGET_FOLDER = re.compile(f"(?:{_TARGET}){_FOLDER}")
_DEFAULT_TARGET = ["target"]


class OwnResults:
    """Tells a run's commands' own results, asked for one command after the other."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._states = [
            named for command in commands for named in _folders(_STATE_FOLDER, command.command)
        ]
        self._digests: set[str] = set()
        self._invocations: set[tuple[str, str]] = set()

    def may_be(self, command: Command, file: ArchivedFile) -> bool:
        """Whether to read a file, once, for a command."""
        if file.stored.sha256 in self._digests or self._is_state(command, file.planned.path):
            return False
        self._digests.add(file.stored.sha256)
        return True

    def are(self, file: ArchivedFile, results: Results, began: datetime) -> bool:
        """Whether results that were read are of a command that began then."""
        if _made_before(results.generated_at, began):
            return False
        if results.invocation_id:
            name = file.planned.path.rpartition("/")[2]
            invocation = (name, results.invocation_id)
            if invocation in self._invocations:
                return False
            self._invocations.add(invocation)
        return True

    def _is_state(self, command: Command, path: str) -> bool:
        """Whether a file lies in a folder that a command of the run compares its project with.

        `--state target` names its own results as well: they have taken the place of the others.
        """
        folder = _parts(path.rpartition("/")[0])
        written = next(map(_parts, _folders(_TARGET_FOLDER, command.command)), _DEFAULT_TARGET)
        for named in self._states:
            state = _parts(named)
            if state == written or not state or not folder:
                continue
            # A file's path may begin further up than the command's, and an absolute one with
            # folders of the machine.
            if _ends_with(folder, state):
                return True
            if (
                named.startswith("/")
                and _ends_with(state, folder)
                and not _ends_with(folder, written)
            ):
                return True
        return False


def _made_before(generated_at: str | None, began: datetime) -> bool:
    try:
        made = Instant.from_json(generated_at)
    except ValueError:
        return False
    return made < began - MAX_CLOCK_DIFFERENCE


def _folders(pattern: re.Pattern[str], command: str) -> Iterator[str]:
    for found in pattern.finditer(command):
        yield found["double"] or found["single"] or found["plain"] or ""


def _parts(folder: str) -> Sequence[str]:
    whole = normpath(folder.replace("\\", "/")) if folder else ""
    return [part for part in whole.split("/") if part not in ("", ".", "..")]


def _ends_with(folder: Sequence[str], ending: Sequence[str]) -> bool:
    return list(folder[-len(ending) :]) == list(ending)
