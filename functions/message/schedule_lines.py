"""What a message says of a run's schedule: since when it fails, and what has changed since."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from functions.findings.artifacts.nodes import named
from functions.history.state import Kind
from functions.history.words import facts, failing_since
from functions.message.story import Story
from functions.run.display import counted
from functions.run.event import RunEvent
from functions.run.instants import to_text, to_text_if_known
from functions.run.text import https_url, listed, one_line

MAX_NAMED = 20
_MAX_NAMED_IN_TEXT = 5
_MAX_NAME_CHARACTERS = 256
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")


def how_it_stands(event: RunEvent, story: Story) -> str:
    """Such as `failed`, `still failing, 3rd run since Tue 02:00`, or `recovered`."""
    length, since = story.history.failed_in_a_row, story.history.failing_since
    if since is None:
        return story.kind.value.replace("_", " ")
    when = _short(since, event.start_dttm)
    match story.kind:
        case Kind.STILL_FAILING:
            return f"still failing, {_ordinal(length)} run since {when}"
        case Kind.RECOVERED:
            return f"recovered after {counted(length, 'failed run')} since {when}"
        case _:
            return "failed" if length < 2 else f"failed, {_ordinal(length)} run since {when}"


def what_changed(story: Story) -> str:
    """Such as `1 new, 2 fixed`; empty if nothing has changed, or if that is not known."""
    if story.changes is None or story.kind is Kind.RECOVERED:
        return ""
    changes = {"new": len(story.changes.new), "fixed": len(story.changes.fixed)}
    return ", ".join(f"{number:,} {word}" for word, number in changes.items() if number)


def schedule_lines(event: RunEvent, story: Story, repo_url: str) -> list[str]:
    """The history of a run, for an inbox."""
    history, changes = story.history, story.changes
    lines = []
    if story.kind is not Kind.RECOVERED:
        lines += [line for line in [failing_since(history)] if line]
        if changes:
            lines += _names("New", changes.new) + _names("Still failing", changes.still)
    if changes:
        lines += _names("Fixed", changes.fixed)
    lines += _suspect_lines(story)
    lines += facts(history)
    if commits := compare_commits(event, story, repo_url):
        lines.append(f"What was committed since: {commits}")
    return lines


def _suspect_lines(story: Story) -> list[str]:
    """Such as `Suspect: stg_orders, changed since run 63186, commit 54a1345.`"""
    suspects = story.suspects
    if suspects is None:
        return []
    what = "Suspect" if len(suspects.nodes) == 1 else "Suspects"
    [line] = _names(what, suspects.nodes)
    commit = one_line(suspects.since.commit_hash, 12)
    since = f"run {suspects.since.run_id}" + (f", commit {commit}" if commit else "")
    return [f"{line.removesuffix('.')}, changed since {since}."]


def compare_commits(event: RunEvent, story: Story, repo_url: str) -> str | None:
    """Where to see what was committed since the schedule last succeeded, if that can be linked."""
    before = story.history.last_success and story.history.last_success.commit_hash
    now = event.environment.commit_hash if event.environment else None
    if not before or not now or before == now or not repo_url:
        return None
    if not (_COMMIT.fullmatch(before) and _COMMIT.fullmatch(now)):
        return None
    return https_url(f"{repo_url.rstrip('/')}/compare/{before}...{now}")


def thread_id(event: RunEvent, story: Story) -> str:
    """The same for all messages about a schedule until it has recovered."""
    since = story.history.failing_since
    if since is None:
        return event.run_key
    name = one_line(event.schedule_name, _MAX_NAME_CHARACTERS)
    return f"{event.workspace.uid}#{name}#{to_text(since)}"


def history_content(story: Story) -> dict[str, Any]:
    """The member `history` of the JSON form; unknown changes are none."""
    history, changes, last = story.history, story.changes, story.history.last_success
    is_over = story.kind is Kind.RECOVERED
    lists = {
        "new": changes.new if changes and not is_over else (),
        "still": changes.still if changes and not is_over else (),
        "fixed": changes.fixed if changes else (),
    }
    return {
        "failing_since": to_text_if_known(history.failing_since),
        "failed_in_a_row": history.failed_in_a_row,
        **{
            name: [one_line(unique_id, _MAX_NAME_CHARACTERS) for unique_id in ids[:MAX_NAMED]]
            for name, ids in lists.items()
        },
        **{f"{name}_count": len(ids) for name, ids in lists.items()},
        "last_success": last
        and {
            "run_id": last.run_id,
            "commit_hash": one_line(last.commit_hash) or None,
            "ended_at": last.ended_at,
        },
        "suspects": [
            one_line(unique_id, _MAX_NAME_CHARACTERS)
            for unique_id in (story.suspects.nodes if story.suspects else ())[:MAX_NAMED]
        ],
        "suspect_count": len(story.suspects.nodes) if story.suspects else 0,
        "suspects_since": story.suspects.since.run_id if story.suspects else None,
        "usual_seconds": history.usual_seconds,
        "acknowledged": history.acknowledged
        and {
            "until": to_text(history.acknowledged.until),
            "note": one_line(history.acknowledged.note) or None,
        },
    }


def _names(what: str, ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    names = [named(one_line(unique_id, _MAX_NAME_CHARACTERS)).name for unique_id in ids]
    shown, more = names[:_MAX_NAMED_IN_TEXT], len(names) - _MAX_NAMED_IN_TEXT
    return [f"{what}: {listed([*shown, f'{more:,} more'] if more > 0 else shown)}."]


def _short(instant: datetime, now: datetime) -> str:
    """Such as `Tue 02:00`, or `14 Oct 02:00` where the weekday would mislead."""
    is_recent = now - instant < timedelta(days=6)
    day = f"{instant:%a}" if is_recent else f"{instant.day} {instant:%b}"
    return f"{day} {instant:%H:%M}"


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{'th' if number % 100 in (11, 12, 13) else ending}"
