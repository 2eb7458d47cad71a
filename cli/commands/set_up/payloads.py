"""The payloads that `send` delivers: files or samples, with changes."""

import json
from pathlib import Path
from typing import Any

import typer

SAMPLES = {
    "run_started": "run_started.json",
    "run_failed": "run_completed.json",
    "run_succeeded": "run_completed_succeeded.json",
}
# In an installed package they are beside this room, in a checkout at the top.
_SAMPLE_FOLDERS = (
    Path(__file__).parents[2] / "samples",
    Path(__file__).parents[3] / "events",
)


def with_api_url(body: bytes, api_url: str) -> bytes:
    """A payload with its API address replaced."""
    return json.dumps(json.loads(body) | {"api_url": api_url}, indent=3).encode()


def read_payload(name: str) -> bytes:
    """Raises:
    BadParameter: It is neither a file nor a sample.
    """
    if Path(name).is_file():
        return Path(name).read_bytes()
    if name not in SAMPLES:
        raise typer.BadParameter(
            f"{name} is neither a file nor one of the samples: {', '.join(SAMPLES)}"
        )
    folder = next(folder for folder in _SAMPLE_FOLDERS if folder.is_dir())
    return (folder / SAMPLES[name]).read_bytes()


def changed(body: bytes, changes: list[str]) -> bytes:
    """The payload with members set.

    Raises:
        BadParameter: A change is not written NAME=VALUE, or the payload has no such member.
    """
    if not changes:
        return body
    try:
        payload = json.loads(body)
    except ValueError:
        raise typer.BadParameter("--set needs payloads that are JSON") from None
    for change in changes:
        name, is_written, text = change.partition("=")
        owner = _owner(payload, name)
        if not is_written or owner is None:
            raise typer.BadParameter(
                f"--set {change!r}: write NAME=VALUE, with the name of a member of the payload"
            )
        owner[name.rpartition(".")[2]] = _value(text)
    return json.dumps(payload, indent=3).encode()


def _owner(payload: Any, name: str) -> dict[str, Any] | None:
    """The object of which this is a member: `environment.branch` or just `branch`.

    A name without a path is that of the payload's member or else of a member's.
    """
    *path, last = name.split(".")
    owner = payload
    for member in path:
        owner = owner.get(member) if isinstance(owner, dict) else None
    within = list(payload.values()) if isinstance(payload, dict) and not path else []
    for found in (owner, *within):
        if isinstance(found, dict) and last in found:
            return found
    return None


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
