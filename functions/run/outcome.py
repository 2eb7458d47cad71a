"""How a run ended: the rules by which a run, or one of its commands, counts as failed."""

from typing import Literal

from functions.run.event import Command, RunEvent

_ENDED_WELL = frozenset({"succeeded", "success", "passed", "skipped", "canceled"})
_SUCCEEDED = frozenset({"succeeded", "success", "passed"})
_FAILED = frozenset({"failed", "failure", "error", "errored"})


def command_failed(command: Command) -> bool:
    """A command failed if its status says so, or if it returned anything but zero."""
    return bool(command.return_code) or (command.status or "").lower() in _FAILED


def run_failed(event: RunEvent) -> bool:
    """A run failed if it is over and anything at all says that it did not end well.

    An unknown status counts as a failure: better one archive too many than one too few. The status
    of a started event means nothing (the vendor's own example of one says "failed").
    """
    return event.completed and (
        event.status.lower() not in _ENDED_WELL
        or bool(event.error_string)
        or any(command_failed(command) for command in event.commands or ())
    )


def run_state(event: RunEvent) -> str:
    """`running`, `succeeded`, `failed`, or the status that was reported for any other ending."""
    word = event.status.lower()
    if not event.completed:
        return "running"
    if word in _FAILED or (word in _ENDED_WELL and run_failed(event)):
        return "failed"
    return "succeeded" if word in _SUCCEEDED else word


def ending(event: RunEvent) -> Literal["failed", "succeeded", "other"] | None:
    """How a finished run is counted; `other` means canceled, skipped and the like."""
    if not event.completed:
        return None
    if run_failed(event):
        return "failed"
    return "succeeded" if run_state(event) == "succeeded" else "other"


def state_failed(state: str) -> bool:
    """Whether a finished run failed, judged by the state that `run_state` gave it."""
    return state not in _ENDED_WELL
