"""What became of a run's archive."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from functions.run.instants import to_text
from functions.run.text import healed_in_words

ArchiveState = Literal["incomplete", "archived", "partial", "failed"]


class Step(Struct, frozen=True):
    """Something that a person may do next: a command to copy, and what it does."""

    command: str
    does: str


def next_steps(workspace_uid: str, run_id: int, archive_state: str | None) -> list[Step]:
    """What helps with a run that failed, the most useful first.

    `paradime bolt retry` is of the vendor's command line (package `paradime-io`).
    """
    run = f"{workspace_uid}/{run_id}"
    steps = [Step(f"paradime bolt retry {run_id}", "runs it again from where it failed")]
    if archive_state == "failed":
        steps.append(Step("bolt-archive redrive", "fetches its files again, once that can work"))
    steps.append(Step(f"bolt-archive logs {run} --failed", "prints the failed commands' logs"))
    return [*steps, Step(f"bolt-archive show {run}", "shows its commands, failures and files")]


class ArchiveOutcome(Struct, frozen=True, kw_only=True):
    """The record, the message and the log all report the archive from here.

    - `state` is None for a run that is not archived, since it succeeded.
    - `prefix` is None if nothing was archived; `url` opens it in the S3 console.
    - `archived_at` is None until the archive is complete.
    - `pending` is the number of files that could not be fetched so far.
    - `failures` are those that the record lists, each `{"unique_id", "status", "message"}`. After
      the first `failure_count` of them come warnings, which no message lists.
    - `groups` are the first groups of failures that have one cause, each `{"what", "count",
      "status", "message", "unique_ids"}`.
    - `healed_count` failures were healed by the commands at the places `healed_by` in the run, and
      do not count as failures. They stand behind the warnings.
    - `answered` is False while neither results nor logs of what failed could be read.
    - `owners` are the first of those whose nodes are broken: e-mail addresses, otherwise names.
    - `exposures` are the first that need what is broken or was skipped, each `{"unique_id", "name",
      "type", "maturity", "url", "owner"}`; `layers` are how many models were skipped by folder.
    - `checksums` are those of the files of the failing nodes and of what these depend on, the
      nearest first.
    - `failing` are the ids of all nodes that fail, None while they may not all be known.
    - `lag_seconds`, from the run's end, is None if it would not show how the archive keeps up: for
      a run that is archived again, that a sweep found, or that ended days ago.
    - `error` is why the archive was given up, or why files are still to come.
    """

    state: ArchiveState | None = None
    prefix: str | None = None
    url: str | None = None
    archived_at: datetime | None = None
    files: int = 0
    bytes: int = 0
    missing: int = 0
    pending: int = 0
    failures: Sequence[Mapping[str, Any]] = ()
    failure_count: int = 0
    groups: Sequence[Mapping[str, Any]] = ()
    healed_count: int = 0
    healed_by: Sequence[int] = ()
    answered: bool = True
    failing: frozenset[str] | None = None
    owners: Sequence[str] = ()
    exposures: Sequence[Mapping[str, Any]] = ()
    exposure_count: int = 0
    layers: Sequence[tuple[str, int]] = ()
    checksums: Mapping[str, str] = field(default_factory=dict)
    lag_seconds: float | None = None
    error: str | None = None

    def first_failures(self, number: int) -> Sequence[Mapping[str, Any]]:
        return self.failures[: min(number, self.failure_count)]

    def first_groups(self, number: int) -> Sequence[Mapping[str, Any]]:
        """The groups, or each failure in one of its own."""
        singles = [
            dict(failure) | {"count": 1, "unique_ids": [failure.get("unique_id")]}
            for failure in self.first_failures(number)
        ]
        return self.groups[:number] or singles

    def record_fields(self) -> dict[str, Any]:
        """The record's attributes; None removes one. Giving up leaves those of an earlier archive
        as they are.
        """
        fields: dict[str, Any] = {"archive_state": self.state, "archive_error": self.error}
        if self.prefix is None:
            return fields
        if self.archived_at is not None:
            fields["archived_at"] = to_text(self.archived_at)
        return fields | {
            "archive_prefix": self.prefix,
            "artifact_count": self.files,
            "artifact_bytes": self.bytes,
            "missing_count": self.missing,
            "failures": list(self.failures) or None,
            "failure_count": self.failure_count,
            "failure_groups": self._groups_of_several() or None,
            "healed_count": self.healed_count or None,
            "healed_by": list(self.healed_by) or None,
        }

    @property
    def healed(self) -> str:
        """Such as `2 failures, healed by command 2`; empty if none was."""
        return healed_in_words(self.healed_count, self.healed_by)

    def _groups_of_several(self) -> list[Mapping[str, Any]]:
        """Where each failure has a cause of its own, the record does not name them twice."""
        several = any(group["count"] > 1 for group in self.groups)
        return list(self.groups) if several else []

    def log_fields(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "files": self.files,
            "bytes": self.bytes,
            "missing": self.missing,
            "failures": self.failure_count,
            "lag_seconds": self.lag_seconds,
        }
