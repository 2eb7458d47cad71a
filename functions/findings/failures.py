"""What failed in a run and why: from dbt's results, or where there are none from the logs."""

from collections.abc import Sequence

from functions.findings.artifacts import artifact, manifest, run_results
from functions.findings.artifacts.manifest import Manifest
from functions.findings.artifacts.results import MAX_FAILED, MAX_SKIPPED, MAX_WARNED, Results
from functions.findings.artifacts.skipped import by_causes
from functions.findings.artifacts.statuses import FAILED
from functions.findings.artifacts.worst import Worst
from functions.findings.finding import Finding, PartlyRead, SkippedNodes, Unread, WhatFailed
from functions.findings.logs.ends import Logs, ReadEnd
from functions.findings.logs.reading import Reading
from functions.findings.of_commands import from_logs, without_failed_command
from functions.findings.of_nodes import NodeFindings
from functions.run.event import Command, RunEvent
from functions.run.inventory import ArchivedFile
from functions.run.outcome import command_failed, run_failed
from functions.run.plan import MANIFEST, RUN_RESULTS, unique_commands
from functions.shared.errors import NotUnderstoodError


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
        failed_before = search.failures.count
        search.through(command)
        if command_failed(command) and search.failures.count == failed_before:
            search.add(from_logs(event, command, search.reading(command)))
    if not search.failures.count and run_failed(event):
        for finding in without_failed_command(event, search.reading):
            search.add(finding)
    return search.found()


class _Search:
    def __init__(self, files: Sequence[ArchivedFile], logs: Logs, read_end: ReadEnd) -> None:
        self._files = files
        self._logs = logs
        self._read_end = read_end
        self._seen: set[str] = set()
        self._of_nodes = NodeFindings()
        self.failures: Worst[Finding] = Worst(MAX_FAILED)
        self._warnings: Worst[Finding] = Worst(MAX_WARNED)
        self._skipped: list[SkippedNodes] = []
        self._skipped_count = 0
        self._unread: list[Unread] = []
        self._partly_read: list[PartlyRead] = []

    def found(self) -> WhatFailed:
        return WhatFailed(
            failures=tuple(self.failures),
            failure_count=self.failures.count,
            warnings=tuple(self._warnings),
            warning_count=self._warnings.count,
            skipped=tuple(self._skipped),
            skipped_count=self._skipped_count,
            unread=tuple(self._unread),
            partly_read=tuple(self._partly_read),
        )

    def reading(self, command: Command) -> Reading:
        """What the command's logs say."""
        logs = self._logs.get(command.id)
        return logs.reading if logs else Reading()

    def add(self, finding: Finding) -> None:
        self.failures.add(_severity(finding.status), lambda: finding)

    def through(self, command: Command) -> None:
        """All results of a command."""
        for file in self._files:
            if _belongs(file, command, RUN_RESULTS) and file.stored.sha256 not in self._seen:
                self._seen.add(file.stored.sha256)
                self._results(command, file)

    def _results(self, command: Command, file: ArchivedFile) -> None:
        try:
            results = run_results.read(self._read(file))
        except NotUnderstoodError as e:
            self._unread.append(Unread(file.planned.key, str(e)))
            return
        if results.unread_rows:
            self._partly_read.append(
                PartlyRead(file.planned.key, results.fault or "", results.unread_rows)
            )
        if results.failed.count or results.warned.count or results.skipped.count:
            self._take(results, command, file)

    def _take(self, results: Results, command: Command, file: ArchivedFile) -> None:
        graph, unknown = self._manifest(command, file)
        reading = self.reading(command)
        skipped = by_causes(
            graph.parents,
            failed=[result.unique_id for result in results.failed],
            skipped=results.skipped,
        )
        for kept, found in ((self.failures, results.failed), (self._warnings, results.warned)):
            for result in found:
                kept.add(
                    _severity(result.status),
                    lambda result=result: self._of_nodes.make(
                        result,
                        command_id=command.id,
                        graph=graph,
                        reading=reading,
                        took_down=skipped.took_down.get(result.unique_id),
                    ),
                )
            kept.pass_over(found.count - len(found))
        self._skipped_count += results.skipped.count
        if not (skipped.all_considered and results.failed.count == len(results.failed)):
            unknown = "too many nodes failed to tell which of them it was"
        room = MAX_SKIPPED - sum(group.count for group in self._skipped)
        for group in skipped.groups:
            if names := tuple(group.nodes[: max(room, 0)]):
                room -= len(names)
                self._skipped.append(
                    SkippedNodes(
                        command_id=command.id,
                        causes=group.causes,
                        cause_count=group.cause_count,
                        unique_ids=names,
                        count=len(names),
                        unknown=None if group.causes else unknown,
                    )
                )

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
            self._unread.append(Unread(file.planned.key, str(e)))
            return Manifest(), f"{MANIFEST} could not be read"

    def _read(self, file: ArchivedFile) -> bytearray:
        artifact.check_size(file.stored.bytes)
        if not file.stored.bytes:
            return bytearray()  # of which no end can be asked for
        return self._read_end(file.planned.key, artifact.MAX_ARTIFACT_BYTES)


def _belongs(file: ArchivedFile, command: Command, name: str) -> bool:
    planned = file.planned
    return planned.command_id == command.id and planned.path.rpartition("/")[2] == name


def _severity(status: str) -> int:
    """A command that ended without results stands before all nodes: nothing else explains it."""
    return FAILED.index(status) + 1 if status in FAILED else 0
