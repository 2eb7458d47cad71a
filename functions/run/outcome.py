"""How a run ended: the rules by which a run, or one of its commands, counts as failed."""

from typing import Literal

from functions.run.event import FAILED, UNDER_WAY, RunEvent

_ENDED_WELL = frozenset({"succeeded", "success", "passed", "skipped", "canceled"})
_SUCCEEDED = frozenset({"succeeded", "success", "passed"})


def run_failed(event: RunEvent) -> bool:
    """A run failed if it is over and anything at all says that it did not end well.

    An unknown status counts as a failure: better one archive too many than one too few. The status
    of a started event means nothing (the vendor's own example of one says "failed").
    """
    return event.completed and (
        event.status.lower() not in _ENDED_WELL
        or bool(event.error_string)
        or any(command.failed for command in event.commands or ())
    )


def run_state(event: RunEvent) -> str:
    """`running`, `succeeded`, `failed`, or the status that was reported for any other ending.

    `unknown` if none was reported: no state is empty.
    """
    word = event.status.lower()
    if not event.completed:
        return "running"
    if word in FAILED or (word in _ENDED_WELL | UNDER_WAY and run_failed(event)):
        return "failed"
    return "succeeded" if word in _SUCCEEDED else word or "unknown"


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


def state_succeeded(state: str) -> bool:
    """Whether it succeeded, judged by the same."""
    return state in _SUCCEEDED
