"""What people are told of what came before a run, in a message and on its page."""

from collections.abc import Iterator

from functions.history.telling import History
from functions.run.display import clock, counted
from functions.run.instants import from_text
from functions.run.text import one_line


def failing_since(history: History) -> str:
    """Empty if no run before this one failed in a row with it."""
    if history.failing_since is None or history.failed_in_a_row < 2:
        return ""
    runs = counted(history.failed_in_a_row, "run")
    return f"Failing since {clock(history.failing_since)}: {runs} in a row."


def facts(history: History) -> Iterator[str]:
    """When the schedule last succeeded, and who knows that it fails."""
    if last := history.last_success:
        ended = f", {clock(from_text(last.ended_at))}" if last.ended_at else ""
        commit = f", commit {one_line(last.commit_hash, 12)}" if last.commit_hash else ""
        yield f"Last succeeded: run {last.run_id}{ended}{commit}."
    if history.acknowledged:
        note = one_line(history.acknowledged.note)
        until = f"Acknowledged until {clock(history.acknowledged.until)}"
        yield f"{until}: {note}" if note else f"{until}."
