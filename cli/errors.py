"""What a command may fail with, other than AWS's own errors."""


class CommandError(Exception):
    """Base: a command failed for a reason that its message says, with what to do."""


class TargetError(CommandError):
    """There is no such stack, or it cannot be reached."""


class NotDeliveredError(CommandError):
    """The webhook answered anything but 2xx, or not at all."""


class RunUnknownError(CommandError):
    """There is no record of such a run, or several runs have its id."""
