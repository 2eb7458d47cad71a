"""The story of a run within its schedule: is it new, since when, and which nodes have changed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger

from functions.aws.bucket import ArchiveBucket
from functions.aws.table import RunsTable
from functions.findings.document import MAX_BYTES, read_failing
from functions.history.state import Kind
from functions.history.telling import History
from functions.shared.errors import NotUnderstoodError, UnavailableError

_FAILURES = "failures.json"

logger = Logger(service="fetch", child=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Failing nodes by what has become of them since the failed run before; each sorted."""

    new: tuple[str, ...] = ()
    still: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`changes` is None if they are not known, or if the run before did not fail."""

    kind: Kind = Kind.FAILED
    history: History = field(default_factory=History)
    changes: Changes | None = None


def compare(failing: Iterable[str], former: Iterable[str]) -> Changes:
    now, then = set(failing), set(former)
    return Changes(
        new=tuple(sorted(now - then)),
        still=tuple(sorted(now & then)),
        fixed=tuple(sorted(then - now)),
    )


@dataclass(frozen=True, slots=True)
class FormerRuns:
    """What failed in earlier runs, as their archives say."""

    table: RunsTable
    bucket: ArchiveBucket

    def failing(self, run_key: str) -> frozenset[str] | None:
        """The nodes that failed in a run; None if that cannot be found out. No error is raised:
        no message waits for what came before it.
        """
        try:
            prefix = self.table.archive_prefix(run_key)
            if prefix is None:
                return None
            return read_failing(self.bucket.read_end(prefix + _FAILURES, MAX_BYTES))
        except (UnavailableError, NotUnderstoodError) as e:
            logger.warning("an earlier run's failures could not be read", reason=str(e))
            return None
