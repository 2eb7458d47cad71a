"""What artifacts say became of nodes, kept within bounds whatever they hold."""

from collections.abc import Callable, Collection

from msgspec import Raw, Struct, field

from functions.findings.artifacts.artifact import NULL, TEXT, described, elements
from functions.findings.artifacts.statuses import (
    FAILED,
    NO_OP,
    SKIPPED,
    WARNED,
    is_no_op,
    of_run,
)
from functions.findings.artifacts.worst import Worst
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import Reader

# Of what failed, warned or was skipped, so many nodes are kept by name: of a file, and of a run.
# The others are counted.
MAX_FAILED = 5_000
MAX_WARNED = 1_000
MAX_SKIPPED = 20_000

# Of a file with more of them nothing can be relied on.
MAX_UNREAD_ROWS = 1_000

# dbt's own ids have up to some hundred characters, and its messages and SQL rarely as many.
MAX_ID_CHARACTERS = 1_000
# A model of one batch an hour for ten years has 90,000 of them.
MAX_BATCHES_BYTES = 8 * 1024 * 1024
# Of a message that only says that something failed.
MAX_WORD_CHARACTERS = 100
MAX_MESSAGE_CHARACTERS = 20_000
MAX_CODE_CHARACTERS = 100_000
# Together, so that what many nodes say takes no more memory than the file. Beyond it the beginning
# of each message is kept, and no SQL.
ROOM_FOR_TEXTS = 8_000_000
MAX_FURTHER_CHARACTERS = 500
_MOST_BYTES = 12


class NodeResult(Struct, frozen=True, kw_only=True):
    """What became of a node; `status` is dbt 1's word for it.

    `execution_time` is in seconds, `failures` as a test counted them. `relation_name` is the table
    that a test stored its failing rows in, `failed_batches` are begin and end of each batch of a
    microbatch model that failed, or of the first of them.
    """

    unique_id: str
    status: str
    message: str | None = None
    failures: int | None = None
    execution_time: float | None = None
    compiled_code: str | None = None
    relation_name: str | None = None
    failed_batches: tuple[tuple[str, str], ...] = ()
    failed_batch_count: int = 0


class Results(Struct, kw_only=True):
    """The nodes of one file that did not end well, the worst first.

    - `succeeded` are those that ended well, of the nodes that were watched for.
    - `unread_rows` results could not be read; `fault` is what was wrong with the first of them.
    - `generated_at` and `invocation_id` are the file's own.
    """

    failed: Worst[NodeResult] = field(default_factory=lambda: Worst(MAX_FAILED))
    warned: Worst[NodeResult] = field(default_factory=lambda: Worst(MAX_WARNED))
    skipped: Worst[str] = field(default_factory=lambda: Worst(MAX_SKIPPED))
    succeeded: set[str] = field(default_factory=set)
    unread_rows: int = 0
    fault: str | None = None
    generated_at: str | None = None
    invocation_id: str | None = None

    def add(
        self,
        unique_id: str,
        outcome: str,
        make: Callable[[str, str], NodeResult],
        watched: Collection[str] = (),
    ) -> None:
        """Adds a node that did not end well; its result is made only if it is kept."""
        unique_id = unique_id[:MAX_ID_CHARACTERS]
        if outcome == SKIPPED:
            self.skipped.add(0, lambda: unique_id)
        elif outcome == WARNED:
            self.warned.add(0, lambda: make(unique_id, outcome))
            if unique_id in watched:
                self.succeeded.add(unique_id)
        else:
            self.failed.add(FAILED.index(outcome), lambda: make(unique_id, outcome))


class _Metadata(Struct):
    generated_at: Raw = NULL
    invocation_id: Raw = NULL


_METADATA = Reader(_Metadata)


def described_by(metadata: Raw) -> Results:
    """No nodes so far, of a file with this metadata."""
    read = described(metadata, _METADATA) or _Metadata()
    return Results(
        generated_at=described(read.generated_at, TEXT),
        invocation_id=described(read.invocation_id, TEXT),
    )


class Texts:
    """Takes the texts of a file's rows, each by its beginning, until the room is used up."""

    def __init__(self) -> None:
        self._room = ROOM_FOR_TEXTS

    def message(self, raw: Raw) -> str | None:
        most = MAX_MESSAGE_CHARACTERS if self._room > 0 else MAX_FURTHER_CHARACTERS
        return self._take(raw, most)

    def code(self, raw: Raw) -> str | None:
        return self._take(raw, MAX_CODE_CHARACTERS) if self._room > 0 else None

    def _take(self, raw: Raw, most: int) -> str | None:
        text = beginning(raw, most)
        self._room -= len(text or "")
        return text


def outcome_of(unique_id: str, status: str, message: Raw) -> str:
    """What the status of a row in `run_results.json` comes to."""
    outcome = of_run(unique_id, status)
    if outcome == SKIPPED and is_no_op(beginning(message, MAX_WORD_CHARACTERS)):
        return NO_OP
    return outcome


def beginning(raw: Raw, characters: int) -> str | None:
    """The first characters of a text; None for what is none. Nothing further is decoded."""
    # A character takes up to twelve bytes: a pair of surrogates, escaped.
    most = _MOST_BYTES * characters + 1
    part = memoryview(raw)
    if len(part) <= most:
        return (described(raw, TEXT) or "")[:characters] or None
    # Where a character is cut, what is left of it is no text.
    for less in range(_MOST_BYTES):
        text = described(Raw(part[: most - less].tobytes() + b'"'), TEXT)
        if text is not None:
            return text[:characters]
    return None


def collect(
    found: Results,
    rows: Raw,
    read_row: Callable[[memoryview, Results], None],
) -> Results:
    """Reads rows, of which some may be of another shape.

    Raises:
        NotUnderstoodError: they are no list, or too many of them cannot be read.
    """
    for text in elements("results", rows):
        try:
            read_row(text, found)
        except NotUnderstoodError as e:
            found.unread_rows += 1
            found.fault = found.fault or str(e)
            if found.unread_rows > MAX_UNREAD_ROWS:
                raise NotUnderstoodError(
                    f"more than {MAX_UNREAD_ROWS:,} of its results cannot be read; "
                    f"the first: {found.fault}"
                ) from None
    return found
