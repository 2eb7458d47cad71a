"""Announces failed runs: once when the archive is complete, once when it is given up."""

from typing import Any

from aws_lambda_powertools import Logger

from functions.aws.table import StoredRun
from functions.aws.topic import Topic
from functions.message.topic_message import compose
from functions.run.archive_outcome import ArchiveOutcome
from functions.run.event import RunEvent
from functions.run.outcome import run_failed
from functions.shared.errors import UnavailableError

logger = Logger(service="fetch", child=True)


class Messenger:
    def __init__(self, topic: Topic) -> None:
        self._topic = topic

    def publish_once(
        self, run: StoredRun, event: RunEvent, archive: ArchiveOutcome, *, last: bool
    ) -> dict[str, Any]:
        """Publishes the message unless the record says so already; returns the field that says so.

        The field has to be part of the write that stores the archive's outcome. Whatever is
        repeated after that write publishes nothing again. A fetch that stops or is superseded
        between the two publishes twice: SNS cannot take a message back. The `last` time, a topic
        that cannot be reached does not prevent the write.

        Raises:
            UnavailableError: SNS failed, and this is not the last time.
        """
        kind = "given_up" if archive.state == "failed" else "archived"
        if not run_failed(event) or kind in run.messages:
            return {}
        message = compose(event, archive)
        try:
            self._topic.publish(message.subject, message.by_protocol, message.attributes)
        except UnavailableError as e:
            if not last:
                raise
            logger.error("message not sent", reason=str(e))
            return {}
        logger.info("message sent", kind=kind)
        return {"messages": run.messages | {kind}}
