"""The story of a run within its schedule: is it new, since when, and which nodes have changed."""

from collections.abc import Iterable, Mapping

from aws_lambda_powertools import Logger
from msgspec import Struct, field

from functions.aws.bucket import ArchiveBucket
from functions.aws.table import RunsTable
from functions.findings.artifacts import manifest
from functions.findings.artifacts.artifact import check_size
from functions.findings.document import MAX_BYTES, read_failing
from functions.findings.lineage import edited
from functions.history.state import EndedRun, Kind
from functions.history.telling import History
from functions.run.plan import MANIFEST
from functions.shared.errors import NotUnderstoodError, UnavailableError
from functions.shared.read_json import Reader

_FAILURES = "failures.json"
_LISTING = "archive.json"


class _File(Struct):
    key: str
    path: str
    bytes: int


class _Inventory(Struct):
    files: tuple[_File, ...] = ()


_INVENTORY = Reader(_Inventory)

logger = Logger(service="fetch", child=True)


class Changes(Struct, frozen=True, kw_only=True):
    """Failing nodes by what has become of them since the failed run before; each sorted."""

    new: tuple[str, ...] = ()
    still: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


class Suspects(Struct, frozen=True, kw_only=True):
    """Failing nodes, and nodes that these depend on, whose files have changed since a run."""

    since: EndedRun
    nodes: tuple[str, ...]


class Story(Struct, frozen=True, kw_only=True):
    """`changes` is None if they are not known, or if the run before did not fail; `suspects` is
    None if no earlier run's manifest is stored, or none of them changed.
    """

    kind: Kind = Kind.FAILED
    history: History = field(default_factory=History)
    changes: Changes | None = None
    suspects: Suspects | None = None


def compare(failing: Iterable[str], former: Iterable[str]) -> Changes:
    now, then = set(failing), set(former)
    return Changes(
        new=tuple(sorted(now - then)),
        still=tuple(sorted(now & then)),
        fixed=tuple(sorted(then - now)),
    )


class FormerRuns(Struct, frozen=True):
    """What earlier runs were like, as their archives say. No error is raised: no message waits for
    what came before it.
    """

    table: RunsTable
    bucket: ArchiveBucket

    def failing(self, run_key: str) -> frozenset[str] | None:
        """The nodes that failed in a run; None if that cannot be found out."""
        try:
            prefix = self.table.archive_prefix(run_key)
            if prefix is None:
                return None
            return read_failing(self.bucket.read_end(prefix + _FAILURES, MAX_BYTES))
        except (UnavailableError, NotUnderstoodError) as e:
            logger.warning("an earlier run's failures could not be read", reason=str(e))
            return None

    def edited_since(self, run_key: str, checksums: Mapping[str, str]) -> tuple[str, ...] | None:
        """The nodes whose checksums were others in that run; None if that cannot be found out."""
        try:
            prefix = self.table.archive_prefix(run_key)
            if prefix is None:
                return None
            listed = _INVENTORY.read(self.bucket.read_end(prefix + _LISTING, MAX_BYTES))
            manifests = [file for file in listed.files if file.path.endswith(MANIFEST)]
            if not manifests:
                return None
            last = manifests[-1]
            check_size(last.bytes)
            return edited(checksums, manifest.read(self.bucket.read_end(last.key, last.bytes)))
        except (UnavailableError, NotUnderstoodError) as e:
            logger.warning("an earlier run's manifest could not be read", reason=str(e))
            return None
