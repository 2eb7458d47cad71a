"""What was found out about a failed run: the shapes that page, message and `failures.json` show."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field, to_builtins

from functions.findings.excerpt import Excerpt
from functions.run.event import RunEvent
from functions.run.inventory import ArchivedFile
from functions.run.masking import beginning_without_secrets
from functions.run.text import take_fitting

# The record is one item of 400 KB, of which the event and the commands take most.
MAX_IN_RECORD = 20
MAX_TOLD = 20
MAX_REASON_CHARACTERS = 1_000
MAX_RECORD_BYTES = 24 * 1024
MAX_GROUPS_IN_RECORD = 10
MAX_NAMED_IN_RECORD = 3
MAX_RECORD_BYTES_OF_GROUPS = 8 * 1024
MAX_GROUP_CHARACTERS = 300


class Finding(Struct, frozen=True, kw_only=True):
    """A node, or a command without results, that failed or warned.

    - `unique_id` is a command's place in the run, such as `command 4`, where no node is known.
    - `reason` is what is wrong, in a line.
    - `failures` is what a test counted, `execution_time` in seconds, `path` in the dbt project.
    - `code_near` is the code around the place that the database points at.
    - `relation_name` is the table in which a test stored the rows that fail it.
    - `failed_batches` are begin and end of the first of the batches that failed.
    - `found_in` is the key of the results that say so.
    - `took_down` is how many nodes were skipped because of it, None where that is not counted.
    - `healed_by` is the later command that brought the node to success.
    - `owner` is whose the node is: an e-mail address, otherwise a name.
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
    code_near: Excerpt | None = None
    relation_name: str | None = None
    failed_batches: tuple[tuple[str, str], ...] = ()
    failed_batch_count: int = 0
    found_in: str | None = None
    took_down: int | None = None
    healed_by: int | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()


class TakenDown(Struct, frozen=True, kw_only=True):
    """Something that people use, such as a dashboard, and that needs what failed or was skipped.

    `causes` are the first of the failing nodes that it needs, None if there are more of them than
    can be told.
    """

    unique_id: str
    name: str
    type: str
    maturity: str | None
    url: str | None
    owner: str | None
    causes: tuple[str, ...] | None


class Group(Struct, frozen=True, kw_only=True):
    """Failures of one cause: `what` are so many, such as `250 models`, or the only one's id.

    `status` and `reason` are those of the first, `unique_ids` the first ones'.
    """

    what: str
    count: int
    status: str
    reason: str | None
    unique_ids: tuple[str, ...]


class SkippedNodes(Struct, frozen=True, kw_only=True):
    """Nodes that a command skipped because of `causes`, the first of up to `cause_count`.

    Without any, `unknown` says why. `count` is the number of `unique_ids`.
    """

    command_id: int
    causes: tuple[str, ...]
    cause_count: int
    unique_ids: tuple[str, ...]
    count: int
    unknown: str | None = None


class Unread(Struct, frozen=True):
    """A file that is archived, but could not be looked into."""

    key: str
    reason: str


class PartlyRead(Struct, frozen=True):
    """A file of which `unread_rows` results were left out, the first of them for `reason`."""

    key: str
    reason: str
    unread_rows: int


class WhatFailed(Struct, frozen=True, kw_only=True):
    """The worst first, and what was healed last.

    The counts are of all that was found, the lists of what was kept. What was healed counts in
    neither `failure_count` nor `skipped_count`, and is in no group. `exposures` are those that need
    what is broken or was skipped, `layers` how many models were skipped in each folder of models.
    `checksums` are those of the files of failing nodes and of what these depend on. `results` are
    the files that count as their command's own results.
    """

    failures: tuple[Finding, ...] = ()
    failure_count: int = 0
    groups: tuple[Group, ...] = ()
    warnings: tuple[Finding, ...] = ()
    warning_count: int = 0
    skipped: tuple[SkippedNodes, ...] = ()
    skipped_count: int = 0
    exposures: tuple[TakenDown, ...] = ()
    exposure_count: int = 0
    layers: tuple[tuple[str, int], ...] = ()
    checksums: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    partly_read: tuple[PartlyRead, ...] = ()
    results: tuple[ArchivedFile, ...] = ()

    @property
    def owners(self) -> Sequence[str]:
        """Whose the nodes are that are broken, each once."""
        return list(dict.fromkeys(one.owner for one in self.broken if one.owner))

    @property
    def broken(self) -> Sequence[Finding]:
        return [finding for finding in self.failures if finding.healed_by is None]

    @property
    def healed(self) -> Sequence[Finding]:
        return [finding for finding in self.failures if finding.healed_by is not None]

    def healers(self, event: RunEvent) -> list[int]:
        """The places in the run of the commands that healed something."""
        return sorted(
            {event.positions[finding.healed_by] for finding in self.healed if finding.healed_by}
        )

    def summaries(self) -> list[dict[str, Any]]:
        """The first findings, as many as the record holds: what is broken, then warnings, then
        what was healed.
        """
        in_order = [*self.broken, *self.warnings, *self.healed]
        first = map(_summary, in_order[:MAX_IN_RECORD])
        return list(take_fitting(first, MAX_RECORD_BYTES, _item_bytes))

    def exposure_summaries(self) -> list[dict[str, Any]]:
        """The first exposures, for a message."""
        return [
            {name: value for name, value in to_builtins(exposure).items() if name != "causes"}
            for exposure in self.exposures[:MAX_TOLD]
        ]

    def group_summaries(self) -> list[dict[str, Any]]:
        """The first groups, as many as the record holds."""
        first = (
            {
                "what": cut(group.what, MAX_GROUP_CHARACTERS),
                "count": group.count,
                "status": group.status,
                "message": cut(group.reason or "", MAX_GROUP_CHARACTERS),
                "unique_ids": [
                    cut(unique_id, MAX_GROUP_CHARACTERS)
                    for unique_id in group.unique_ids[:MAX_NAMED_IN_RECORD]
                ],
            }
            for group in self.groups[:MAX_GROUPS_IN_RECORD]
        )
        return list(take_fitting(first, MAX_RECORD_BYTES_OF_GROUPS, _item_bytes))


def told(text: str, characters: int) -> str | None:
    """A text from outside without credentials, as `cut` has it."""
    return cut(beginning_without_secrets(text, characters), characters)


def cut(text: str, characters: int) -> str | None:
    """The text, its end replaced by a mark where it is too long; None if there is none."""
    if len(text) <= characters:
        return text or None
    return f"{text[: characters - 1]}…"


def _summary(finding: Finding) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "unique_id": cut(finding.unique_id, MAX_REASON_CHARACTERS),
        "status": finding.status,
        "message": cut(finding.reason or "", MAX_REASON_CHARACTERS),
    }
    return summary if finding.healed_by is None else summary | {"healed_by": finding.healed_by}


def _item_bytes(summary: dict[str, Any]) -> int:
    return sum(len(str(value).encode(errors="replace")) + 16 for value in summary.values())
