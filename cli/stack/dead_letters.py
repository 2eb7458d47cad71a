"""Dead letters: pointers to runs that were given up."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from cli.stack.records import Record, read_run
from cli.stack.target import Target
from cli.terminal.errors import RunUnknownError
from functions.intake.pointer import parse
from functions.run import instants
from functions.shared.errors import NotUnderstoodError

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef


class DeadLetter(NamedTuple):
    """`record` is None, and `left_because` says why, if sending the letter back would be futile."""

    message: "MessageTypeDef"
    run: str | None
    record: Record | None
    left_because: str | None

    @property
    def body(self) -> str:
        return self.message["Body"]

    @property
    def sent_at(self) -> str:
        """When the run was given up."""
        milliseconds = int(self.message["Attributes"]["SentTimestamp"])
        return instants.to_text(datetime.fromtimestamp(milliseconds / 1000, UTC))

    def facts(self) -> dict[str, Any]:
        """As JSON output has it: what the letter is, and the reason that the record gives."""
        record = self.record or {}
        facts: dict[str, Any] = {
            "run": self.run,
            "schedule_name": record.get("schedule_name"),
            "sent_at": self.sent_at,
            "archive_state": record.get("archive_state"),
            "archive_error": record.get("archive_error"),
            "body": self.body,
        }
        return facts | ({"left_because": self.left_because} if self.left_because else {})


def read_letter(target: Target, message: "MessageTypeDef") -> DeadLetter:
    run = None
    try:
        pointer = parse(message["Body"])
        run = f"{pointer.workspace_uid}/{pointer.run_id}"
        return DeadLetter(message, run, read_run(target, run), None)
    except (NotUnderstoodError, RunUnknownError) as e:
        return DeadLetter(message, run, None, str(e))
