"""The part of a run's record that a fetch needs."""

from datetime import datetime, timedelta

from msgspec import Struct

from functions.run.instants import to_text
from functions.run.record import Source

ARCHIVED_STATES = frozenset({"archived", "partial"})
# Longer than the fetch function can run: an attempt that began earlier is over.
_LONGEST_ATTEMPT = timedelta(minutes=15)


class Attempt(Struct, frozen=True, kw_only=True):
    """A receive that has begun and whose end is not recorded: the last of `number` in a row."""

    number: int
    message_id: str
    begun_at: str


class StoredRun(Struct, frozen=True, kw_only=True):
    """`body` is the event, byte for byte; `archived_at` is when an archive was last completed, of
    whichever event. `rows_rank` is that of the event whose rows were written without an archive.

    `messages` are the kinds of messages that were sent about the run; `claimed_at` is when a fetch
    claimed one that it has not confirmed yet. `reading` is the file that a cautious fetch was
    reading last, `unreadable` are files whose reading stopped one.
    """

    run_key: str
    body: bytes
    event_rank: str
    archive_state: str | None
    archived_rank: str | None
    rows_rank: str | None
    archived_at: str | None
    archive_prefix: str | None
    source: Source
    delivery_ids: frozenset[str]
    messages: frozenset[str]
    claimed_at: str | None
    attempt: Attempt | None
    reading: str | None
    unreadable: frozenset[str]

    @property
    def is_archived(self) -> bool:
        """Whether the archive was made from the event that the record holds now."""
        return self.archive_state in ARCHIVED_STATES and self.archived_rank == self.event_rank

    @property
    def has_rows(self) -> bool:
        """Whether the rows of the event that the record holds now are written."""
        return self.is_archived or self.rows_rank == self.event_rank

    def interruptions(self, message_id: str, now: datetime) -> int:
        """How many receives of the run in a row have begun and never ended.

        0 if the last one may still be running, because of another message about the run.
        """
        attempt = self.attempt
        if attempt is None:
            return 0
        is_over = attempt.begun_at < to_text(now - _LONGEST_ATTEMPT)
        return attempt.number if is_over or attempt.message_id == message_id else 0
