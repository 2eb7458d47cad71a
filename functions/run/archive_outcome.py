"""What became of a run's archive, as the record and the message to the topic tell it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

ArchiveState = Literal["archived", "partial", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveOutcome:
    """`url` opens it in the S3 console and is None where nothing is stored; `error` is why it was
    given up. `failures` are the record's, `{"unique_id", "status", "message"}`: of `failure_count`
    the first, and behind them what only warned, which is not told.
    """

    state: ArchiveState
    url: str | None = None
    files: int = 0
    bytes: int = 0
    missing: int = 0
    failures: Sequence[Mapping[str, Any]] = ()
    failure_count: int = 0
    error: str | None = None

    def first_failures(self, number: int) -> Sequence[Mapping[str, Any]]:
        return self.failures[: min(number, self.failure_count)]
