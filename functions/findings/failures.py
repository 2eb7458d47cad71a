"""What failed in a run and why: from dbt's results, or where there are none from the logs."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from functions.findings.artifacts import artifact, manifest, run_results
from functions.findings.artifacts.manifest import Manifest
from functions.findings.artifacts.nodes import named
from functions.findings.artifacts.run_results import FAILED, SKIPPED, WARNED, NodeResult
from functions.findings.artifacts.skipped import by_causes
from functions.findings.logs import console
from functions.findings.logs.ends import Logs, ReadEnd
from functions.findings.logs.reading import Reading
from functions.findings.logs.telling import says_nothing, telling_line
from functions.run.display import counted
from functions.run.event import Command, RunEvent
from functions.run.inventory import ArchivedFile
from functions.run.masking import beginning_without_secrets
from functions.run.outcome import run_failed, run_state
from functions.run.plan import to_explain, unique_commands
from functions.run.text import OF_A_SHELL, code_in_words, listed, one_line, take_fitting
from functions.shared.errors import NotUnderstoodError

RUN_RESULTS = "run_results.json"
MANIFEST = "manifest.json"

MAX_MESSAGE_CHARACTERS = 10_000
# Thousands of nodes can fail in one run: the first of them are told in full.
MAX_TOLD_IN_FULL = 200
MAX_RUNNING = 3
MAX_CODE_CHARACTERS = 20_000
MAX_FURTHER_CHARACTERS = 2_000

# The record is one item of 400 KB, of which the event and the commands take most.
MAX_IN_RECORD = 20
MAX_RECORD_MESSAGE_CHARACTERS = 1_000
MAX_RECORD_BYTES = 24 * 1024

# A heading that names a node, as dbt and dbt Fusion write it.
_OF_A_NODE = re.compile(
    r"^\s*(?:\[\w+ \(dbt\d{4}\)\]: |\[error\] )*(?:Failure|[A-Z]\w+ Error)"
    r" in (\w[\w ]{0,40} \S+ \(.*\))$",
    re.MULTILINE,
)
_BLANK_LINES = re.compile(r"\A(?:[ \t\r]*\n)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A node, or a command without results, that failed or warned.

    `reason` is what is wrong, in a line. `failures` is what a test counted, `execution_time` in
    seconds, `path` in the dbt project.
    `unique_id` is a command's place in the run, such as `command 4`, where no node is known.
    """

    unique_id: str
    status: str
    message: str | None
    reason: str | None = None
    command_id: int | None
    failures: int | None = None
    execution_time: float | None = None
    path: str | None = None
    compiled_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedNodes:
    """Nodes that a command skipped because of `causes`; without any, `unknown` says why."""

    command_id: int
    causes: tuple[str, ...]
    unique_ids: tuple[str, ...]
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that is archived, but could not be looked into.

    `unread_rows` of a file's results were left out for `reason`; None if all of the file was.
    """

    key: str
    reason: str
    unread_rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatFailed:
    """The worst first."""

    failures: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    skipped: tuple[SkippedNodes, ...]
    unread: tuple[Unread, ...]

    @property
    def skipped_count(self) -> int:
        return sum(len(group.unique_ids) for group in self.skipped)

    def summaries(self) -> list[dict[str, Any]]:
        """The first findings, as many as the record holds: failures before warnings."""
        first = map(_summary, [*self.failures, *self.warnings][:MAX_IN_RECORD])
        return list(take_fitting(first, MAX_RECORD_BYTES, _item_bytes))

    def to_json(self, event: RunEvent) -> bytes:
        """`failures.json`: all of it, and the same bytes each time that the run is archived."""
        content = {
            "schema": 1,
            "run": {
                "workspace_uid": event.workspace.uid,
                "run_id": event.id,
                "schedule_name": event.schedule_name,
                "state": run_state(event),
            },
            **asdict(self),
        }
        return json.dumps(content, indent=2).encode() + b"\n"


def what_failed(
    event: RunEvent, files: Sequence[ArchivedFile], logs: Logs, read_end: ReadEnd
) -> WhatFailed:
    """Looks through a run's archived results.

    A file that was left behind unchanged by an earlier command counts once, as that command's.

    Raises:
        RunArchiveError: whatever reading raises.
    """
    search = _Search(files, logs, read_end)
    for command in unique_commands(event):
        failed_before = len(search.failures)
        search.through(command)
        if command.failed and len(search.failures) == failed_before:
            search.failures.append(_from_logs(event, command, search.reading(command)))
    if not search.failures and run_failed(event):
        search.failures += _without_failed_command(event, search)
    return WhatFailed(
        failures=tuple(sorted(search.failures, key=_severity)),
        warnings=tuple(search.warnings),
        skipped=tuple(search.skipped),
        unread=tuple(search.unread),
    )


class _Search:
    def __init__(self, files: Sequence[ArchivedFile], logs: Logs, read_end: ReadEnd) -> None:
        self._files = files
        self._logs = logs
        self._read_end = read_end
        self._seen: set[str] = set()
        self.failures: list[Finding] = []
        self.warnings: list[Finding] = []
        self.skipped: list[SkippedNodes] = []
        self.unread: list[Unread] = []

    def reading(self, command: Command) -> Reading:
        """What the command's logs say."""
        logs = self._logs.get(command.id)
        return logs.reading if logs else Reading()

    def through(self, command: Command) -> None:
        """All results of a command."""
        for file in self._files:
            if _belongs(file, command, RUN_RESULTS) and file.stored.sha256 not in self._seen:
                self._seen.add(file.stored.sha256)
                self._results(command, file)

    def _results(self, command: Command, file: ArchivedFile) -> None:
        try:
            read = run_results.read(self._read(file))
        except NotUnderstoodError as e:
            self.unread.append(Unread(file.planned.key, str(e)))
            return
        if read.unread_rows:
            self.unread.append(Unread(file.planned.key, read.fault or "", read.unread_rows))
        results = read.not_well
        if not results:
            return
        graph, unknown = self._manifest(command, file)
        reading = self.reading(command)
        for result in results:
            if result.status in FAILED:
                self.failures.append(_finding(result, command, graph, reading, len(self.failures)))
            elif result.status != SKIPPED:
                self.warnings.append(_finding(result, command, graph, reading, len(self.warnings)))
        self.skipped += _skipped(results, command, graph, unknown)

    def _manifest(self, command: Command, results: ArchivedFile) -> tuple[Manifest, str]:
        """The manifest beside the results, and why it may not tell the cause of a skipped node.

        It only explains: where there is none, an empty one stands in.
        """
        path = results.planned.path.removesuffix(RUN_RESULTS) + MANIFEST
        beside = [file for file in self._files if _belongs(file, command, MANIFEST)]
        file = next((file for file in beside if file.planned.path == path), None)
        if file is None:
            return Manifest(), f"there is no {MANIFEST} beside the results"
        try:
            return manifest.read(self._read(file)), "no node that it depends on failed"
        except NotUnderstoodError as e:
            self.unread.append(Unread(file.planned.key, str(e)))
            return Manifest(), f"{MANIFEST} could not be read"

    def _read(self, file: ArchivedFile) -> bytearray:
        artifact.check_size(file.stored.bytes)
        if not file.stored.bytes:
            return bytearray()  # of which no end can be asked for
        return self._read_end(file.planned.key, artifact.MAX_ARTIFACT_BYTES)


def _belongs(file: ArchivedFile, command: Command, name: str) -> bool:
    planned = file.planned
    return planned.command_id == command.id and planned.path.rpartition("/")[2] == name


def _finding(
    result: NodeResult, command: Command, graph: Manifest, reading: Reading, position: int
) -> Finding:
    in_full = position < MAX_TOLD_IN_FULL
    node = graph.node(result.unique_id)
    message = _said(result, node.original_file_path, reading)
    return Finding(
        unique_id=result.unique_id,
        status=result.status,
        message=_told(message, MAX_MESSAGE_CHARACTERS if in_full else MAX_FURTHER_CHARACTERS),
        reason=telling_line(message, MAX_RECORD_MESSAGE_CHARACTERS) or None,
        command_id=command.id,
        failures=result.failures,
        execution_time=result.execution_time,
        path=node.original_file_path,
        compiled_code=_told(
            _BLANK_LINES.sub("", result.compiled_code or node.compiled_code or "").rstrip(),
            MAX_CODE_CHARACTERS if in_full else MAX_FURTHER_CHARACTERS,
        ),
    )


def _said(result: NodeResult, path: str | None, reading: Reading) -> str:
    """A node's message; below one that only says that it failed, what the log or the count does."""
    message = console.without_escapes(result.message or "").strip("\n").rstrip()
    if not says_nothing(message):
        return message
    name = named(result.unique_id)
    lines = reading.nodes.of(result.unique_id, kind=name.kind, name=name.name, path=path)
    if result.failures and not lines and result.status in ("fail", WARNED):
        return counted(result.failures, "failing row")
    if (
        not lines
        and result.status in FAILED
        and reading.reason
        and not reading.reason.rule.of_a_node
    ):
        lines = reading.reason.lines
    return "\n".join(filter(None, (message, *lines)))


def _from_logs(event: RunEvent, command: Command, reading: Reading) -> Finding:
    """A command that failed and left no results that say why."""
    ended = code_in_words(command.return_code)
    told = _reason(reading)
    if ended and not (told and command.return_code in OF_A_SHELL):
        return _of_command(event, command, _with_reason(_while_running(ended, reading), reading))
    return _of_command(event, command, told or list(reading.last))


def _reason(reading: Reading) -> list[str]:
    """What the log has of a reason."""
    if reading.reason is None:
        return []
    first, *more = reading.reason.lines
    if reading.reason.rule.of_ending:
        return [_while_running(first, reading), *more]
    return [first, *more]


def _without_failed_command(event: RunEvent, search: "_Search") -> Iterator[Finding]:
    """A run that failed though no command did: Paradime says why, or a command never ended."""
    said = one_line(event.error_string, MAX_MESSAGE_CHARACTERS)
    unended = [command for command in to_explain(event) if command.return_code is None]
    for command in unended:
        reading = search.reading(command)
        ended = _while_running("the command never finished", reading)
        first = f"{said.rstrip('.')}; {ended}" if said else ended
        yield _of_command(event, command, _with_reason(first, reading))
    if said and not unended:
        yield Finding(
            unique_id="run",
            status="failed",
            message=_cut(said, MAX_MESSAGE_CHARACTERS),
            reason=telling_line(said, MAX_RECORD_MESSAGE_CHARACTERS),
            command_id=None,
        )


def _of_command(event: RunEvent, command: Command, lines: list[str]) -> Finding:
    message = "\n".join(lines)
    # Beside a command its node is not to be read elsewhere.
    reason = _OF_A_NODE.sub(r"\1:", message, count=1)
    return Finding(
        unique_id=f"command {event.positions[command.id]}",
        status="failed",
        message=_told(message, MAX_MESSAGE_CHARACTERS),
        reason=telling_line(reason, MAX_RECORD_MESSAGE_CHARACTERS) or None,
        command_id=command.id,
    )


def _while_running(ended: str, reading: Reading) -> str:
    """How a command ended, with the nodes that had not."""
    names = list(reading.running[:MAX_RUNNING])
    if not names:
        return ended
    if more := len(reading.running) - len(names):
        names.append(f"{more:,} more")
    verb = "was" if len(reading.running) == 1 else "were"
    return f"{ended}, while {listed(names)} {verb} running"


def _with_reason(first: str, reading: Reading) -> list[str]:
    """What ended a command from outside, and below it what its log has of a reason."""
    if reading.reason is None or reading.reason.rule.weak:
        return [first]
    return [f"{first}:", *_reason(reading)]


def _skipped(
    results: list[NodeResult], command: Command, graph: Manifest, unknown: str
) -> Iterator[SkippedNodes]:
    groups = by_causes(
        graph.parents,
        failed=[result.unique_id for result in results if result.status in FAILED],
        skipped=[result.unique_id for result in results if result.status == SKIPPED],
    )
    for causes, unique_ids in groups.items():
        yield SkippedNodes(
            command_id=command.id,
            causes=causes,
            unique_ids=tuple(unique_ids),
            unknown=None if causes else unknown,
        )


def _severity(finding: Finding) -> int:
    """A command that ended without results stands before all nodes: nothing else explains it."""
    return FAILED.index(finding.status) if finding.status in FAILED else -1


def _summary(finding: Finding) -> dict[str, Any]:
    return {
        "unique_id": _cut(finding.unique_id, MAX_RECORD_MESSAGE_CHARACTERS),
        "status": finding.status,
        "message": _cut(finding.reason or "", MAX_RECORD_MESSAGE_CHARACTERS),
    }


def _item_bytes(summary: dict[str, Any]) -> int:
    return sum(len(str(value).encode(errors="replace")) + 16 for value in summary.values())


def _told(text: str, characters: int) -> str | None:
    return _cut(beginning_without_secrets(text, characters), characters)


def _cut(text: str, characters: int) -> str | None:
    """The text, its end replaced by a mark where it is too long; None if there is none."""
    if len(text) <= characters:
        return text or None
    return f"{text[: characters - 1]}…"
