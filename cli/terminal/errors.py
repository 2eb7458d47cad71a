"""What a command may fail with.

CommandError
├── TargetError          the stack
├── AwsError             an AWS service
├── NotDeliveredError    the webhook
├── RunUnknownError      no such run, or several
├── NoWorkspaceError     no workspace whose API address is known
├── NotArchivedError     the run has no archive to look into
├── NotReplayableError   the run has nothing to archive
├── NotRecordsError      the table to restore from
├── SecretFormError      what was typed, or is stored, is no such secret
├── CaptureError         the file is no captured delivery
├── ChecksumError        a download is not what the inventory lists
├── StoppedError         a download was told to stop
└── IncompleteError      a part of the work could not be done; what, is printed
"""


class CommandError(Exception):
    """Base: a command failed for a reason that its message says, with what to do."""


class TargetError(CommandError):
    """There is no such stack, or it cannot be reached."""


class AwsError(CommandError):
    """An AWS service refused, or could not be reached."""


class NotDeliveredError(CommandError):
    """The webhook answered anything but 2xx, or not at all."""


class RunUnknownError(CommandError):
    """There is no record of such a run, or several runs have its id."""


class NoWorkspaceError(CommandError):
    """No workspace is known that could be asked for its runs."""


class NotArchivedError(CommandError):
    """The run has no archive, or not yet, or its archive lacks what was asked for."""


class NotReplayableError(CommandError):
    """The run has not ended, so that there is nothing to archive."""


class NotRecordsError(CommandError):
    """The table to restore from holds something else than records of runs."""


class SecretFormError(CommandError):
    """What was typed, or what is stored, does not have the form of such a secret."""


class CaptureError(CommandError):
    """The file is no captured delivery."""


class ChecksumError(CommandError):
    """What came is not what the inventory lists."""


class StoppedError(CommandError):
    """The transfer was told to stop."""


class IncompleteError(CommandError):
    """A part of the work could not be done."""
