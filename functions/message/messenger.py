"""Announces failed runs: one message each, and a second one if the first could name nothing.

The record lists the kinds of messages that were sent: `failed` (`archived` in earlier versions) or
`given_up`, with `unnamed` if that message could name nothing, and `update`.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from aws_lambda_powertools import Logger

from functions.aws.stored_run import StoredRun
from functions.aws.table import RunsTable
from functions.aws.topic import Topic
from functions.message.topic_message import compose
from functions.run.archive_outcome import ArchiveOutcome
from functions.run.event import RunEvent
from functions.run.outcome import run_failed
from functions.shared.errors import TryAgainError

_FIRST = frozenset({"failed", "given_up", "archived"})
UNNAMED = "unnamed"
UPDATE = "update"

logger = Logger(service="fetch", child=True)


class Messenger:
    def __init__(self, topic: Topic, table: RunsTable) -> None:
        self._topic = topic
        self._table = table

    def has_more_to_say(self, sent: Collection[str]) -> bool:
        """Whether a message about a failed run can still follow those that were sent."""
        return not _FIRST & set(sent) or (UNNAMED in sent and UPDATE not in sent)

    def publish_once(
        self,
        run: StoredRun,
        sent: Collection[str],
        event: RunEvent,
        archive: ArchiveOutcome,
        message_id: str,
    ) -> frozenset[str]:
        """Publishes the message that is due, if any; returns the kinds to be recorded as sent.

        The message is claimed in the record first, so that only one of two concurrent fetches sends
        it; `message_id` identifies the claiming fetch. The write that records the kinds confirms
        the claim. If a fetch stops between publishing and that write, the message is sent twice:
        SNS cannot take a message back, and twice is better than never.

        Raises:
            SupersededError: the run has a later event.
            TryAgainError: another fetch has claimed the message; if it stops, this one sends it.
            UnavailableError: SNS or DynamoDB failed.
        """
        kinds = _kinds(sent, archive)
        if not run_failed(event) or not kinds:
            return frozenset()
        done_by = {UPDATE} if UPDATE in kinds else _FIRST
        if not self._table.claim_message(run, done_by, message_id, datetime.now(UTC)):
            if already := done_by & self._table.read(run.run_key).messages:
                return frozenset(already)
            raise TryAgainError("another fetch of the run is publishing its message")
        message = compose(event, archive, update=UPDATE in kinds)
        self._topic.publish(message.subject, message.by_protocol, message.attributes)
        logger.info("message sent", kinds=sorted(kinds))
        return kinds


def _kinds(sent: Collection[str], archive: ArchiveOutcome) -> frozenset[str]:
    if not _FIRST & set(sent):
        first = "given_up" if archive.state == "failed" else "failed"
        return frozenset({first} if archive.answered else {first, UNNAMED})
    if UNNAMED in sent and UPDATE not in sent and archive.answered:
        return frozenset({UPDATE})
    return frozenset()
