"""The errors with which a command may fail.

CommandError
├── TargetError          the stack cannot be found or reached
├── AwsError             an AWS service refused a call or could not be reached
├── NotDeliveredError    the webhook did not accept a delivery
├── RunUnknownError      no run, or more than one, has the given name
├── NoWorkspaceError     no workspace is known whose runs could be listed
├── NotArchivedError     the run has no archive, or a file is missing from it
├── NotReplayableError   the run has not ended
├── PortTakenError       the port to serve on is taken, or not allowed
├── NotFailingError      the schedule does not fail, so there is nothing to acknowledge
├── NoDuckDbError        DuckDB, which answers queries, is not installed
├── QueryError           DuckDB refuses a query
├── NotRecordsError      the table to restore from holds other items than run records
├── SecretFormError      a secret, as typed or as stored, is malformed
│   └── TypedSecretError what was typed cannot be stored, so asking again may help
├── CaptureError         the file is not a captured delivery
├── ChecksumError        a downloaded file does not match the inventory
├── LinkInTheWayError    a download would write through a symbolic link
├── StoppedError         a download was interrupted
└── IncompleteError      part of the work failed; details have been printed
"""


class CommandError(Exception):
    """Base class. The message says why the command failed and what to do."""


class TargetError(CommandError):
    """The stack does not exist or cannot be reached."""


class AwsError(CommandError):
    """An AWS service refused a call or could not be reached."""


class NotDeliveredError(CommandError):
    """The webhook did not answer, or not with 2xx."""


class RunUnknownError(CommandError):
    """No record has this name, or several have this run id."""


class NoWorkspaceError(CommandError):
    """No workspace is known whose runs could be listed."""


class ForgottenError(CommandError):
    """Runs of that time have no records any more, so they would be taken for new ones."""


class NotArchivedError(CommandError):
    """The run has no archive, or not yet, or the archive lacks the requested file."""


class NotReplayableError(CommandError):
    """The run has not ended, so there is nothing to archive."""


class PortTakenError(CommandError):
    """The port to serve on is taken, or not allowed."""


class NotFailingError(CommandError):
    """The schedule does not fail, so there is nothing to acknowledge."""


class NoDuckDbError(CommandError):
    """DuckDB, which answers queries, is not installed."""


class QueryError(CommandError):
    """DuckDB refuses the query, or it has no rows to show."""


class NotRecordsError(CommandError):
    """The table to restore from holds items that are not run records."""


class SecretFormError(CommandError):
    """A secret, as typed or as stored, is malformed."""


class TypedSecretError(SecretFormError):
    """What was typed is malformed, or refused where it is to be used."""


class CaptureError(CommandError):
    """The file is not a captured delivery."""


class ChecksumError(CommandError):
    """A downloaded file does not match the inventory."""


class LinkInTheWayError(CommandError):
    """A download would write through a symbolic link, to wherever it leads."""


class StoppedError(CommandError):
    """The transfer was interrupted."""


class IncompleteError(CommandError):
    """Part of the work failed."""
