"""The message to the topic of failed runs: a subject, a text for an inbox, JSON for programs.

It says what failed and where to look, and nothing else. It stays far below SNS's 256 KB: all text
from outside is cut, and all lists are limited.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from functions.findings.artifacts.nodes import named
from functions.findings.finding import MAX_IN_RECORD
from functions.findings.logs.telling import telling_line
from functions.history.state import Kind
from functions.message.schedule_lines import (
    compare_commits,
    history_content,
    how_it_stands,
    schedule_lines,
    thread_id,
    what_changed,
)
from functions.message.story import Story
from functions.run.archive_outcome import ArchiveOutcome, Step, next_steps
from functions.run.display import clock, counted, lasted, size
from functions.run.event import Command, Environment, RunEvent
from functions.run.instants import to_text, to_text_if_known
from functions.run.outcome import run_state
from functions.run.plan import unique_commands
from functions.run.text import (
    cut,
    ended,
    https_url,
    is_ascii_enough,
    listed,
    one_ascii_line,
    one_line,
    schedule_title,
    skipped_in_words,
    stale_in_words,
)

# SNS allows fewer than 100: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MAX_SUBJECT_CHARACTERS = 99
MAX_TITLE_CHARACTERS = 160
MIN_CULPRIT_CHARACTERS = 12
MAX_STALE_NAMED = 5
MAX_NAME_CHARACTERS = 256
MAX_LISTED = 10

# What Slack and Teams take for markup, a mention or a link, and what looks like it and is none:
# https://docs.slack.dev/messaging/formatting-message-text, https://spec.commonmark.org
_LOOKALIKES = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "[": "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}",
        "]": "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}",
        "*": "\N{ASTERISK OPERATOR}",
        "~": "\N{TILDE OPERATOR}",
        "`": "'",
        "|": "\N{BROKEN BAR}",
        "@": "\N{FULLWIDTH COMMERCIAL AT}",
        "#": "\N{FULLWIDTH NUMBER SIGN}",
    }
)
_MARKUP = {
    # Within a name it is none.
    re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"): "\N{FULLWIDTH LOW LINE}",
    re.compile(r":(?=//|[\w+-]{1,64}:)"): "\N{RATIO}",
    re.compile(r"&(?=#?\w{1,32};)"): "\N{FULLWIDTH AMPERSAND}",
    # A chat makes a link of any domain.
    re.compile(r"(?<=\w)\.(?=[A-Za-z]{2})"): "\N{ONE DOT LEADER}",
}
_MENTION = re.compile(r"<(?=[!@#/A-Za-z])")


class Message(Struct, frozen=True, kw_only=True):
    """`by_protocol` has a form for each of SNS's protocols, `attributes` are for filters."""

    subject: str
    by_protocol: Mapping[str, str]
    attributes: Mapping[str, str | Sequence[str]]


def compose(
    event: RunEvent,
    archive: ArchiveOutcome,
    story: Story,
    *,
    update: bool = False,
    repo_url: str = "",
) -> Message:
    """The message of a run that failed or recovered; `update` marks the one that may follow a first
    one. `repo_url` is where commits can be compared, empty if nobody has said.
    """
    title = _title(event, archive, story, MAX_TITLE_CHARACTERS)
    subject = _subject(event, archive, story)
    content = _content(event, archive, story, title, update=update, repo_url=repo_url)
    return Message(
        subject=subject,
        by_protocol={
            "default": json.dumps(content, ensure_ascii=False),
            "email": _text(event, archive, story, repo_url),
            "sms": subject,
        },
        attributes=_attributes(event, archive, story),
    )


def _title(event: RunEvent, archive: ArchiveOutcome, story: Story, characters: int) -> str:
    """Such as `demo / nightly failed: orders and 2 more`, in the letters of its names."""
    workspace = one_line(event.workspace.name, 24)
    schedule = one_line(event.schedule_name, 40) or "a schedule"
    where = f"{workspace} / {schedule}" if workspace else schedule
    return _what_is_said(where, _culprit(event, archive), event, archive, story, characters)


def _subject(event: RunEvent, archive: ArchiveOutcome, story: Story) -> str:
    """The same in ASCII, which is all that SNS takes; a name that loses letters by that is followed
    by the run's id, which tells the run all the same.
    """
    schedule, run = one_ascii_line(event.schedule_name, 40), f"run {event.id}"
    if not is_ascii_enough(event.schedule_name):
        schedule = f"{schedule} ({run})" if schedule else run
    where = schedule or "a schedule"
    if workspace := one_ascii_line(event.workspace.name, 24):
        where = f"{workspace} / {where}"
    culprit = one_ascii_line(_culprit(event, archive), MAX_SUBJECT_CHARACTERS)
    return _what_is_said(where, culprit, event, archive, story, MAX_SUBJECT_CHARACTERS)


def _what_is_said(
    where: str,
    culprit: str,
    event: RunEvent,
    archive: ArchiveOutcome,
    story: Story,
    characters: int,
) -> str:
    if archive.state == "failed":
        return f"{where} failed; its archive was given up"
    stands = how_it_stands(event, story)
    changed = f" ({changes})" if (changes := what_changed(story)) else ""
    what = f"{cut(where, characters - len(stands) - len(changed) - 1, '...')} {stands}"
    room = characters - len(what) - len(changed) - 2
    if culprit and room > MIN_CULPRIT_CHARACTERS:
        what = f"{what}: {cut(culprit, room, '...')}"
    return f"{what}{changed}"


def _culprit(event: RunEvent, archive: ArchiveOutcome) -> str:
    """What failed first: a node's name, a command, or the run's error text."""
    for failure in archive.first_failures(1):
        what, more = _what(event, failure), archive.failure_count - 1
        name = telling_line(failure.get("message")) if what == "run" else named(what).name
        return f"{name} and {more:,} more" if more else name
    if archive.healed:
        return archive.healed
    for _, command in _failed_commands(event):
        return _shown(command.command)
    return ""


def _text(event: RunEvent, archive: ArchiveOutcome, story: Story, repo_url: str) -> str:
    """For a phone: the error first, then since when, then the facts."""
    sections = [
        [_headline(event, archive, story)],
        _failure_lines(event, archive),
        [f"Healed: {archive.healed}."] if archive.healed else [],
        _consequence_lines(archive),
        [*_owner_line(event, archive), *schedule_lines(event, story, repo_url)],
        _command_lines(event),
        _facts(event, story),
        _link_lines(event, archive),
        _next_lines(event, archive, story),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _headline(event: RunEvent, archive: ArchiveOutcome, story: Story) -> str:
    headline = f"{schedule_title(event.schedule_name)} {how_it_stands(event, story)}"
    if failed := len(_failed_commands(event)):
        headline += f": {failed:,} of {counted(len(event.commands or ()), 'command')}"
    if archive.state == "failed":
        return f"{headline}. Its archive was given up: {one_line(archive.error)}"
    if archive.state == "incomplete":
        return f"{headline}. {_unfinished(archive)}"
    if archive.missing:
        return f"{headline}. {counted(archive.missing, 'file')} could not be archived."
    return f"{headline}."


def _unfinished(archive: ArchiveOutcome) -> str:
    if archive.error:
        return f"Its archive is not complete: {one_line(archive.error)}"
    return "Its archive is still being completed."


def _facts(event: RunEvent, story: Story) -> list[str]:
    environment = event.environment or Environment()
    name, uid = one_line(event.workspace.name), event.workspace.uid
    end = event.end_dttm
    facts = {
        "Workspace": f"{name} ({uid})" if name else uid,
        "Schedule": schedule_title(event.schedule_name),
        "Run": f"{event.id}, {one_line(run_state(event))}",
        "Branch": one_line(environment.branch),
        "Commit": one_line(environment.commit_hash),
        "Started by": one_line(environment.actor),
        "Started": clock(event.start_dttm),
        "Ended": clock(end) if end else "",
        "Took": _took(event.start_dttm, end, story) if end else "",
        "Error": one_line(event.error_string),
    }
    return [f"{name + ':':<12}{value}" for name, value in facts.items() if value]


def _took(start: datetime, end: datetime, story: Story) -> str:
    took, usual = lasted((end - start).total_seconds()), story.history.usual_seconds
    return took if usual is None else f"{took} (usually {lasted(usual)})"


def _command_lines(event: RunEvent) -> list[str]:
    failed = _failed_commands(event)
    lines = [
        f"  {index}. {_shown(command.command)} ({ended(command.return_code, command.status)})"
        for index, command in failed[:MAX_LISTED]
    ]
    return _section("Failed commands", lines, len(failed) - len(lines))


def _failure_lines(event: RunEvent, archive: ArchiveOutcome) -> list[str]:
    lines = []
    groups = archive.first_groups(MAX_LISTED)
    for group in groups:
        message = telling_line(group.get("message"))
        if len(group["unique_ids"]) == 1:
            lines.append(f"  {one_line(group.get('status'))}: {_what(event, _first_of(group))}")
            lines += [f"    {message}"] if message else []
        else:
            lines.append(f"  {_named(group)}: {message}")
            lines.append(f"    {_members(group)}")
    more = archive.failure_count - sum(int(group["count"]) for group in groups)
    return _section("What failed", lines, more)


def _consequence_lines(archive: ArchiveOutcome) -> list[str]:
    stale = stale_in_words(archive.exposures, archive.exposure_count, MAX_STALE_NAMED)
    return [f"{line}." for line in (stale, skipped_in_words(archive.layers)) if line]


def _owners(event: RunEvent, archive: ArchiveOutcome) -> list[str]:
    """Whose the broken nodes are; where the project does not say, whose the schedule is."""
    of_schedule = one_line(event.schedule.owner_email, 100)
    return list(archive.owners) or ([of_schedule] if of_schedule else [])


def _owner_line(event: RunEvent, archive: ArchiveOutcome) -> list[str]:
    owners = _owners(event, archive)
    if not owners:
        return []
    return [f"{'Owner' if len(owners) == 1 else 'Owners'}: {', '.join(owners)}."]


def _heading(event: RunEvent, group: Mapping[str, Any]) -> str:
    """A single node or command, or how many of them."""
    single = len(group["unique_ids"]) == 1
    return _what(event, _first_of(group)) if single else _named(group)


def _first_of(group: Mapping[str, Any]) -> dict[str, Any]:
    return {"unique_id": group["unique_ids"][0]}


def _named(group: Mapping[str, Any]) -> str:
    return one_line(group["what"], MAX_NAME_CHARACTERS)


def _members(group: Mapping[str, Any]) -> str:
    """Such as `orders, customers, payments and 247 more`."""
    names = [
        named(one_line(unique_id, MAX_NAME_CHARACTERS)).name for unique_id in group["unique_ids"]
    ]
    more = int(group["count"]) - len(names)
    return listed([*names, f"{more:,} more"] if more else names)


def _section(title: str, lines: list[str], more: int) -> list[str]:
    if not lines:
        return []
    return [f"{title}:", *lines, *([f"  and {more:,} more"] if more > 0 else [])]


def _next_lines(event: RunEvent, archive: ArchiveOutcome, story: Story) -> list[str]:
    steps = _next_steps(event, archive, story)
    return _section("Next", [f"  {step.command}   ({step.does})" for step in steps], 0)


def _next_steps(event: RunEvent, archive: ArchiveOutcome, story: Story) -> list[Step]:
    if story.kind is Kind.RECOVERED:
        return []
    return next_steps(event.workspace.uid, event.id, archive.state)


def _link_lines(event: RunEvent, archive: ArchiveOutcome) -> list[str]:
    lines = []
    if run_url := https_url(event.run_url):
        lines += ["The run in Paradime:", run_url]
    if archive.url:
        files = f"{counted(archive.files, 'file')}, {size(archive.bytes)}"
        if archive.state == "incomplete":
            files += " so far"
        lines += [f"Its archive ({files}); open index.html there:", archive.url]
    return lines


def _content(
    event: RunEvent,
    archive: ArchiveOutcome,
    story: Story,
    title: str,
    *,
    update: bool,
    repo_url: str,
) -> dict[str, Any]:
    """The JSON form, which docs/messages.md describes for those who read it.

    `version`, `source`, `content` and `metadata` are what Amazon Q Developer in chat applications
    requires of a custom notification.
    """
    environment = event.environment or Environment()
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": inert(title),
            "description": _markdown(event, archive, story, repo_url),
        },
        "metadata": {
            "threadId": thread_id(event, story),
            "summary": inert(title),
            "eventType": _event_type(archive, story),
        },
        "schema": 1,
        **({"update": True} if update else {}),
        "run": {
            "workspace_uid": event.workspace.uid,
            "workspace_name": _name(event.workspace.name),
            "schedule_name": _name(event.schedule_name),
            "run_id": event.id,
            "state": _name(run_state(event)),
            "actor": _name(environment.actor),
            "branch": _name(environment.branch),
            "commit_hash": _name(environment.commit_hash),
            "started_at": to_text(event.start_dttm),
            "ended_at": to_text_if_known(event.end_dttm),
            "error_string": one_line(event.error_string) or None,
            "run_url": https_url(event.run_url),
        },
        "failed_commands": [
            {
                "index": index,
                "id": command.id,
                "command": _shown(command.command),
                "return_code": command.return_code,
            }
            for index, command in _failed_commands(event)[:MAX_LISTED]
        ],
        "failed_command_count": len(_failed_commands(event)),
        "failures": [
            {
                "unique_id": one_line(failure.get("unique_id"), MAX_NAME_CHARACTERS) or None,
                "status": one_line(failure.get("status")) or None,
                "message": telling_line(failure.get("message")) or None,
            }
            for failure in archive.first_failures(MAX_IN_RECORD)
        ],
        "failure_count": archive.failure_count,
        "groups": [
            {
                "what": _heading(event, group),
                "count": int(group["count"]),
                "message": telling_line(group.get("message")) or None,
                "unique_ids": [
                    one_line(unique_id, MAX_NAME_CHARACTERS) for unique_id in group["unique_ids"]
                ],
            }
            for group in archive.first_groups(MAX_LISTED)
        ],
        "history": history_content(story)
        | {"compare_url": compare_commits(event, story, repo_url)},
        "owners": _owners(event, archive),
        "exposures": list(archive.exposures),
        "exposure_count": archive.exposure_count,
        "skipped_models": [
            {"folder": folder, "models": number} for folder, number in archive.layers
        ],
        "healed_count": archive.healed_count,
        "healed_by": list(archive.healed_by),
        "next_steps": [
            {"command": step.command, "does": step.does}
            for step in _next_steps(event, archive, story)
        ],
        "archive": {
            "state": archive.state,
            "files": archive.files,
            "bytes": archive.bytes,
            "missing": archive.missing,
            "pending": archive.pending,
            "url": archive.url,
            "error": one_line(archive.error) or None,
        },
    }


def _event_type(archive: ArchiveOutcome, story: Story) -> str:
    return "run_given_up" if archive.state == "failed" else f"run_{story.kind.value}"


def _markdown(event: RunEvent, archive: ArchiveOutcome, story: Story, repo_url: str) -> str:
    """Stays below the 8,000 characters that a chat accepts. Text from outside is set as code, so
    that no name in it mentions anybody."""
    items = [
        f"{_code(_heading(event, group))} {_code(telling_line(group.get('message')))}"
        for group in archive.first_groups(MAX_LISTED)
    ] or [_code(_shown(command.command)) for _, command in _failed_commands(event)[:MAX_LISTED]]
    links = {
        "Commits": compare_commits(event, story, repo_url),
        "Run in Paradime": https_url(event.run_url),
        "Archive": archive.url,
    }
    return "\n".join(
        [
            _code(_headline(event, archive, story)),
            *(f"• {item}" for item in items),
            *map(_code, _consequence_lines(archive)),
            *map(_code, _owner_line(event, archive)),
            *map(_code, schedule_lines(event, story, "")),
            *([_code(archive.healed)] if archive.healed else []),
            *(f"{name}: {url}" for name, url in links.items() if url),
        ]
    )


def _code(text: object) -> str:
    """Empty if there is no text. Slack does not promise to ignore mentions within code."""
    shown = _MENTION.sub(_LOOKALIKES[ord("<")], one_line(text).replace("`", "'"))
    return f"`{shown}`" if shown else ""


def inert(text: str) -> str:
    """The text with lookalikes for all that a chat would format, link or read as a mention."""
    for markup, lookalike in _MARKUP.items():
        text = markup.sub(lookalike, text)
    return text.translate(_LOOKALIKES)


def _attributes(
    event: RunEvent, archive: ArchiveOutcome, story: Story
) -> dict[str, str | Sequence[str]]:
    """SNS refuses empty ones."""
    attributes = {
        "owners": _owners(event, archive),
        "event_type": _event_type(archive, story),
        "workspace": event.workspace.uid,
        "workspace_name": _name(event.workspace.name),
        "schedule": _name(event.schedule_name),
        "state": _name(run_state(event)),
        "archive_state": archive.state,
    }
    return {name: value for name, value in attributes.items() if value}


def _failed_commands(event: RunEvent) -> list[tuple[int, Command]]:
    """With their positions in the run."""
    return [
        (event.positions[command.id], command)
        for command in unique_commands(event)
        if command.failed
    ]


def _what(event: RunEvent, failure: Mapping[str, Any]) -> str:
    """A node's unique id, or the text of a command that failed without results."""
    unique_id = one_line(failure.get("unique_id"), MAX_NAME_CHARACTERS)
    commands = {f"command {index}": command for index, command in _failed_commands(event)}
    return _shown(commands[unique_id].command) if unique_id in commands else unique_id


def _shown(command: str) -> str:
    return one_line(" ".join(command.split()), 120)


def _name(text: str | None) -> str | None:
    return one_line(text, MAX_NAME_CHARACTERS) or None
