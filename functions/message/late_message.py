"""The message about a schedule that has not started, or a run that takes too long."""

import json
from datetime import datetime
from typing import Any

from functions.history.lateness import Late, Lateness
from functions.message.topic_message import MAX_SUBJECT_CHARACTERS, Message, inert
from functions.run.archive_outcome import Step
from functions.run.display import clock, lasted
from functions.run.instants import to_text
from functions.run.text import cut, one_ascii_line, one_line, schedule_title

MAX_NAME_CHARACTERS = 256


def compose_late(
    late: Late, *, workspace_uid: str, workspace_name: str | None, schedule_name: str, now: datetime
) -> Message:
    """In the same forms as that of a failed run."""
    said = _sentence(late, now)
    schedule = one_ascii_line(schedule_name, 40) or "a schedule"
    workspace = one_ascii_line(workspace_name, 24)
    where = f"{workspace} / {schedule}" if workspace else schedule
    subject = cut(f"{where} {one_ascii_line(said, 99)}", MAX_SUBJECT_CHARACTERS, "...")
    title = f"{schedule_title(schedule_name)} {said}"
    steps = _steps(late, workspace_uid)
    lines = [f"{title}.", "", "Next:", *(f"  {step.command}   ({step.does})" for step in steps)]
    content: dict[str, Any] = {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": inert(title),
            "description": inert(f"{title}."),
        },
        "metadata": {
            "threadId": f"{workspace_uid}#{one_line(schedule_name, MAX_NAME_CHARACTERS)}#late",
            "summary": inert(title),
            "eventType": late.lateness.value,
        },
        "schema": 1,
        "run": {
            "workspace_uid": workspace_uid,
            "workspace_name": one_line(workspace_name, MAX_NAME_CHARACTERS) or None,
            "schedule_name": one_line(schedule_name, MAX_NAME_CHARACTERS) or None,
            "run_id": late.run_id,
            "started_at": None if late.run_id is None else to_text(late.since),
        },
        "expected_at": to_text(late.since) if late.run_id is None else None,
        "usual_seconds": late.usual_seconds,
        "next_steps": [{"command": step.command, "does": step.does} for step in steps],
    }
    attributes = {
        "event_type": late.lateness.value,
        "workspace": workspace_uid,
        "workspace_name": one_line(workspace_name, MAX_NAME_CHARACTERS),
        "schedule": one_line(schedule_name, MAX_NAME_CHARACTERS),
    }
    return Message(
        subject=subject,
        by_protocol={
            "default": json.dumps(content, ensure_ascii=False),
            "email": "\n".join(lines) + "\n",
            "sms": subject,
        },
        attributes={name: value for name, value in attributes.items() if value},
    )


def _sentence(late: Late, now: datetime) -> str:
    """Such as `should have started at 2026-03-03 02:00:00 UTC`."""
    if late.lateness is Lateness.MISSED:
        return f"should have started at {clock(late.since)}"
    runs = f"has been running for {lasted((now - late.since).total_seconds())}"
    usual = "" if late.usual_seconds is None else f", usually {lasted(late.usual_seconds)}"
    return f"{runs}{usual}: run {late.run_id}"


def _steps(late: Late, workspace_uid: str) -> list[Step]:
    if late.run_id is None:
        return [Step("bolt-archive sweep --since 1d", "looks whether it has run after all")]
    return [
        Step(
            f"bolt-archive show {workspace_uid}/{late.run_id}",
            "shows what is known of the run; look at it in Paradime, and cancel it if it hangs",
        )
    ]
