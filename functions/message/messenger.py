"""Announces runs that failed or recovered: one message each, and a second one if the first could
name nothing.

The record lists the kinds of messages that were sent: `failed` (`archived` in earlier versions),
`still_failing`, `recovered` or `given_up`, with `unnamed` if that message could name nothing, and
`update`. `silent` says that the run was not announced.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from aws_lambda_powertools import Logger
from msgspec import Struct

from functions.aws.chronicle import Chronicle
from functions.aws.schedules import ScheduleKey
from functions.aws.stored_run import StoredRun
from functions.aws.table import RunsTable
from functions.aws.topic import Topic
from functions.history.state import EndedRun, ScheduleState, facts_of
from functions.history.telling import (
    History,
    Silence,
    fingerprint,
    history,
    kind_of,
    with_told,
)
from functions.message.story import Changes, FormerRuns, Story, Suspects, compare
from functions.message.topic_message import compose
from functions.run.archive_outcome import ArchiveOutcome
from functions.run.event import RunEvent
from functions.run.outcome import run_failed
from functions.shared.errors import TryAgainError, UnavailableError

_SILENT = "silent"
_OF_FAILURE = frozenset({"failed", "still_failing", "given_up", "archived", _SILENT})
_OF_SUCCESS = frozenset({"recovered"})
UNNAMED = "unnamed"
UPDATE = "update"

logger = Logger(service="fetch", child=True)


class Messenger(Struct, frozen=True, kw_only=True):
    """`remind` is after how long a schedule that fails in the same nodes is announced again;
    `repo_url` is where its code can be looked at, empty if nobody has said.
    """

    topic: Topic
    table: RunsTable
    chronicle: Chronicle
    former: FormerRuns
    remind: timedelta
    repo_url: str

    def has_more_to_say(self, sent: Collection[str]) -> bool:
        """Whether a message about a failed run can still follow those that were sent."""
        return not _OF_FAILURE & set(sent) or (UNNAMED in sent and UPDATE not in sent)

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
        first = _OF_FAILURE if run_failed(event) else _OF_SUCCESS
        is_first = not first & set(sent)
        if not is_first and not (UNNAMED in sent and UPDATE not in sent and archive.answered):
            return frozenset()
        story = self._story(event, archive)
        if isinstance(story, Silence):
            if is_first:
                logger.info("run not announced", reason=story.value)
                return frozenset({_SILENT} if run_failed(event) else ())
            story = Story()  # the update of an announced run comes in any case
        done_by = first if is_first else {UPDATE}
        if not self.table.claim_message(run, done_by, message_id, datetime.now(UTC)):
            if already := done_by & self.table.read(run.run_key).messages:
                return frozenset(already)
            raise TryAgainError("another fetch of the run is publishing its message")
        message = compose(event, archive, story, update=not is_first, repo_url=self.repo_url)
        self.topic.publish(message.subject, message.by_protocol, message.attributes)
        kinds = {UPDATE} if not is_first else _first_kinds(story, archive)
        logger.info("message sent", kinds=sorted(kinds))
        return frozenset(kinds)

    def history(self, event: RunEvent) -> History:
        """What came before a run; nothing if its schedule's state is not available."""
        try:
            stored = self.chronicle.schedules.read(ScheduleKey.of(event))
        except UnavailableError as e:
            logger.error("the state of a schedule could not be read", reason=str(e))
            return History()
        return history(stored.state, facts_of(event).past) if stored.state else History()

    def note_nodes(self, event: RunEvent, archive: ArchiveOutcome) -> None:
        """Tells the schedule's state which nodes fail, once that is known.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        if archive.failing is not None and run_failed(event):
            run, nodes = facts_of(event).ended, fingerprint(archive.failing)
            self.chronicle.change(
                ScheduleKey.of(event), event.id, lambda state: state.with_nodes(run, nodes)
            )

    def _story(self, event: RunEvent, archive: ArchiveOutcome) -> Story | Silence:
        """Decides what the message says, and notes in the schedule's state that it is sent.

        A failure is announced even if the state is not available.
        """
        facts = facts_of(event)
        nodes = fingerprint(archive.failing) if archive.failing is not None else None

        def told(state: ScheduleState) -> ScheduleState:
            if all(past.run_id != facts.run_id for past in state.runs):
                state = state.with_run(facts)  # queued by a version that kept no state
            return with_told(state, facts, nodes, remind=self.remind)

        try:
            state = self.chronicle.change(ScheduleKey.of(event), event.id, told)
        except UnavailableError as e:
            if not run_failed(event):
                raise
            logger.error("announced without its schedule's state", reason=str(e))
            return Story()
        kind = kind_of(state, facts.past, nodes, remind=self.remind)
        if isinstance(kind, Silence):
            return kind
        came_before = history(state, facts.past)
        changes = suspects = None
        if archive.failing is not None:
            uid = event.workspace.uid
            if came_before.former is not None:
                former = self.former.failing(f"{uid}#{came_before.former}")
                changes = None if former is None else compare(archive.failing, former)
            if archive.checksums:
                suspects = self._suspects(uid, archive, came_before, changes)
        return Story(kind=kind, history=came_before, changes=changes, suspects=suspects)

    def _suspects(
        self, uid: str, archive: ArchiveOutcome, came_before: History, changes: Changes | None
    ) -> Suspects | None:
        """What has changed since the last success if that was archived; otherwise since the run
        before, if nodes fail that did not fail in it.
        """
        earlier = [came_before.last_success] if came_before.last_success else []
        if came_before.former is not None and changes and changes.new:
            earlier.append(EndedRun(came_before.former))
        for run in earlier:
            edited = self.former.edited_since(f"{uid}#{run.run_id}", archive.checksums)
            if edited is not None:
                return Suspects(since=run, nodes=edited) if edited else None
        return None


def _first_kinds(story: Story, archive: ArchiveOutcome) -> set[str]:
    kind = "given_up" if archive.state == "failed" else story.kind.value
    return {kind} if archive.answered else {kind, UNNAMED}
