"""What failed in a run and why: from dbt's results, or where there are none from the logs."""

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from functions.findings.artifacts import artifact, manifest, run_results, sources
from functions.findings.artifacts.manifest import Manifest
from functions.findings.artifacts.nodes import is_hook_at_start
from functions.findings.artifacts.results import (
    MAX_FAILED,
    MAX_SKIPPED,
    MAX_WARNED,
    NodeResult,
    Results,
)
from functions.findings.artifacts.skipped import MAX_CAUSES, Group, by_causes
from functions.findings.artifacts.statuses import FAILED
from functions.findings.artifacts.worst import Worst
from functions.findings.finding import Finding, PartlyRead, SkippedNodes, Unread, WhatFailed
from functions.findings.grouping import grouped
from functions.findings.healing import Healing
from functions.findings.lineage import checksums
from functions.findings.logs.ends import Logs, ReadEnd
from functions.findings.logs.reading import Reading
from functions.findings.of_commands import from_logs, name_of, without_failed_command
from functions.findings.of_nodes import NodeFindings, blamed, of_sources
from functions.findings.own_results import OwnResults
from functions.findings.taken_down import Consequences
from functions.run.event import Command, RunEvent
from functions.run.inventory import ArchivedFile
from functions.run.outcome import run_failed
from functions.run.plan import MANIFEST, RUN_RESULTS, SOURCES, unique_commands
from functions.shared.errors import NotUnderstoodError

# The first failures of each command stand before the further ones of any, so that a command with
# thousands leaves room for those of the others.
_FIRST_OF_EACH = 3
_FURTHER = 100

_READERS = {RUN_RESULTS: run_results.read, SOURCES: sources.read}


def what_failed(
    event: RunEvent, files: Sequence[ArchivedFile], logs: Logs, read_end: ReadEnd
) -> WhatFailed:
    """Looks through a run's archived results.

    Raises:
        RunArchiveError: whatever reading raises.
    """
    search = _Search(event, files, logs, read_end)
    for command in unique_commands(event):
        search.through(command)
    if not search.failures.count and run_failed(event):
        for finding in without_failed_command(event, search.reading):
            search.add(finding)
    return search.found()


class _Search:
    def __init__(
        self, event: RunEvent, files: Sequence[ArchivedFile], logs: Logs, read_end: ReadEnd
    ) -> None:
        self._event = event
        self._files = files
        self._logs = logs
        self._read_end = read_end
        self._own = OwnResults(unique_commands(event))
        self._healing = Healing()
        self._of_nodes = NodeFindings()
        self.failures: Worst[Finding] = Worst(MAX_FAILED)
        self._warnings: Worst[Finding] = Worst(MAX_WARNED)
        self._skipped: list[SkippedNodes] = []
        self._skipped_count = 0
        self._skipped_kept = 0
        self._consequences = Consequences()
        self._checksums: dict[str, str] = {}
        self._unread: list[Unread] = []
        self._partly_read: list[PartlyRead] = []
        self._results: list[ArchivedFile] = []

    def found(self) -> WhatFailed:
        of_place = {place: command_id for command_id, place in self._event.positions.items()}

        def healed_by(command_id: int, unique_id: str) -> int | None:
            return of_place.get(self._healing.of(unique_id, self._event.positions[command_id]) or 0)

        failures = [
            replace(finding, healed_by=healed_by(finding.command_id, finding.unique_id))
            if finding.command_id
            else finding
            for finding in self.failures
        ]
        skipped = [
            replace(group, unique_ids=names, count=len(names))
            for group in self._skipped
            if (
                names := tuple(
                    name for name in group.unique_ids if not healed_by(group.command_id, name)
                )
            )
        ]
        healed = sum(finding.healed_by is not None for finding in failures)
        broken = {finding.unique_id for finding in failures if finding.healed_by is None}
        exposures = self._consequences.exposures(broken)
        return WhatFailed(
            failures=tuple(sorted(failures, key=lambda finding: finding.healed_by is not None)),
            failure_count=self.failures.count - healed,
            groups=grouped(finding for finding in failures if finding.healed_by is None),
            warnings=tuple(self._warnings),
            warning_count=self._warnings.count,
            skipped=tuple(skipped),
            skipped_count=self._skipped_count
            - self._skipped_kept
            + sum(group.count for group in skipped),
            exposures=tuple(exposures),
            exposure_count=len(exposures),
            layers=tuple(self._consequences.layers()) if broken else (),
            checksums=self._checksums if broken else {},
            unread=tuple(self._unread),
            partly_read=tuple(self._partly_read),
            results=tuple(self._results),
        )

    def reading(self, command: Command) -> Reading:
        """What the command's logs say."""
        logs = self._logs.get(command.id)
        return logs.reading if logs else Reading()

    def add(self, finding: Finding) -> None:
        self.failures.add(_severity(finding.status), lambda: finding)

    def through(self, command: Command) -> None:
        """All results of a command, and its logs if it failed and they do not say why."""
        failed_before = self.failures.count
        self._healing.begin(self._event.positions[command.id])
        sources_read: set[str] = set()
        for file in self._files:
            name = _name_if_of(file, command)
            if name in _READERS and self._own.may_be(command, file):
                results = self._read_results(command, file, name)
                if results and self._own.are(
                    file, results, command.start_dttm or self._event.start_dttm
                ):
                    self._results.append(file)
                    self._take(results, command, file)
                    sources_read |= {result.unique_id for result in results.failed}
                    sources_read |= {result.unique_id for result in results.warned}
        if not command.failed:
            return
        self._sources_of_log(command, sources_read)
        if self.failures.count == failed_before:
            self.add(from_logs(self._event, command, self.reading(command)))

    def _read_results(self, command: Command, file: ArchivedFile, name: str) -> Results | None:
        try:
            results = _READERS[name](self._read(file), self._healing.watched)
        except NotUnderstoodError as e:
            self._unread.append(Unread(file.planned.key, str(e)))
            return None
        return results

    def _take(self, results: Results, command: Command, file: ArchivedFile) -> None:
        if results.unread_rows:
            self._partly_read.append(
                PartlyRead(file.planned.key, results.fault or "", results.unread_rows)
            )
        self._healing.heal(results.succeeded)
        if not (results.failed.count or results.warned.count or results.skipped.count):
            return
        graph, unknown = self._manifest(command, file.planned.path.rpartition("/")[0])
        reading = self.reading(command)
        innocent = blamed(results.failed, graph, reading)
        guilty = [result for result in results.failed if result.unique_id not in innocent]
        causes = [result.unique_id for result in guilty]
        skipped = by_causes(
            graph.parents,
            failed=causes,
            skipped=[*results.skipped, *(node for node, built in innocent.items() if not built)],
        )
        self._consequences.add(graph, causes, results.skipped)
        self._checksums = checksums(causes, graph) | self._checksums
        key = file.planned.key
        self._tell(command, guilty, graph, reading, skipped.took_down, key)
        self.failures.pass_over(results.failed.count - len(results.failed))
        if innocent and not guilty:
            self.add(from_logs(self._event, command, reading))
            causes = [name_of(self._event, command)]
        for warned in results.warned:
            self._warnings.add(
                0, partial(self._of_nodes.make, warned, command.id, graph, reading, None, key)
            )
        self._warnings.pass_over(results.warned.count - len(results.warned))
        self._skipped_count += results.skipped.count + sum(not built for built in innocent.values())
        if not (skipped.all_considered and results.failed.count == len(results.failed)):
            unknown = "too many nodes failed to tell which of them it was"
        for group in skipped.groups:
            if group.causes:
                self._skip(command, group, None)
                continue
            # Of a node that was blamed it is known that it did not run because of the others.
            self._skip(
                command,
                Group(
                    tuple(causes[:MAX_CAUSES]),
                    len(causes),
                    [node for node in group.nodes if node in innocent],
                ),
                None,
            )
            others = [node for node in group.nodes if node not in innocent]
            hooks = tuple(filter(is_hook_at_start, causes))[:MAX_CAUSES]
            self._skip(command, Group(hooks, len(hooks), others), None if hooks else unknown)

    def _tell(
        self,
        command: Command,
        results: Sequence[NodeResult],
        graph: Manifest,
        reading: Reading,
        took_down: Mapping[str, int],
        found_in: str | None,
    ) -> None:
        self._healing.watch(result.unique_id for result in results)
        for position, result in enumerate(results):
            further = 0 if position < _FIRST_OF_EACH else _FURTHER
            self.failures.add(
                further + _severity(result.status),
                partial(
                    self._of_nodes.make,
                    result,
                    command.id,
                    graph,
                    reading,
                    took_down.get(result.unique_id),
                    found_in,
                ),
            )

    def _skip(self, command: Command, group: Group, unknown: str | None) -> None:
        names = tuple(group.nodes[: MAX_SKIPPED - self._skipped_kept])
        if not names:
            return
        self._skipped_kept += len(names)
        self._healing.watch(names)
        self._skipped.append(
            SkippedNodes(
                command_id=command.id,
                causes=group.causes,
                cause_count=group.cause_count,
                unique_ids=names,
                count=len(names),
                unknown=unknown,
            )
        )

    def _sources_of_log(self, command: Command, known: set[str]) -> None:
        """Sources that failed according to the log alone: dbt leaves out those that it cannot
        check.
        """
        reading = self.reading(command)
        if not reading.steps.failed_sources:
            return
        graph, _ = self._manifest(command, None)
        found = of_sources(reading, graph, known)
        self._tell(command, found, graph, reading, {}, None)

    def _manifest(self, command: Command, folder: str | None) -> tuple[Manifest, str]:
        """The manifest in a folder, or any if that is None; and why it may not tell the cause of a
        skipped node.

        It only explains: where there is none, an empty one stands in.
        """
        of_command = [file for file in self._files if _name_if_of(file, command) == MANIFEST]
        file = next(
            (
                file
                for file in of_command
                if folder is None or file.planned.path.rpartition("/")[0] == folder
            ),
            None,
        )
        if file is None:
            return Manifest(), f"there is no {MANIFEST} beside the results"
        try:
            return manifest.read(self._read(file)), "no node that it depends on failed"
        except NotUnderstoodError as e:
            unread = Unread(file.planned.key, str(e))
            if unread not in self._unread:
                self._unread.append(unread)
            return Manifest(), f"{MANIFEST} could not be read"

    def _read(self, file: ArchivedFile) -> bytearray:
        artifact.check_size(file.stored.bytes)
        if not file.stored.bytes:
            return bytearray()  # of which no end can be asked for
        return self._read_end(file.planned.key, artifact.MAX_ARTIFACT_BYTES)


def _name_if_of(file: ArchivedFile, command: Command) -> str:
    planned = file.planned
    return planned.path.rpartition("/")[2] if planned.command_id == command.id else ""


def _severity(status: str) -> int:
    """A command that ended without results stands before all nodes: nothing else explains it."""
    return FAILED.index(status) + 1 if status in FAILED else 0
