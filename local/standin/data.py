"""The runs that the stand-in serves, and how they are read from a data folder.

A data folder holds one `<run_id>.json` per run, with the fields of `Run`, `Command` and `Resource`.
There, a command's `stdout` and `stderr` and a resource's `file` are paths relative to the folder.
Timestamps are written as Paradime writes them: naive UTC, `2023-10-15 16:44:01.476190`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.standin.content import Content


class DataError(Exception):
    """A data folder, or a file in it, does not have the format described above."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    id: int
    path: str
    content: Content


@dataclass(frozen=True, kw_only=True)
class Command:
    """`end_dttm` and `return_code` are null while the command runs."""

    id: int
    command: str
    start_dttm: str = "2023-10-15 16:44:01.476190"
    end_dttm: str | None = "2023-10-15 16:44:39.891890"
    return_code: int | None = 0
    stdout: str = ""
    stderr: str = ""
    resources: Sequence[Resource] = ()


@dataclass(frozen=True, kw_only=True)
class Run:
    """`state` is one of the API's: STARTING RUNNING SUCCESS ERROR FAILED CANCELED SKIPPED."""

    run_id: int
    schedule_name: str
    schedule_slug: str
    state: str
    commands: Sequence[Command] = ()
    actor: str = "Manual"
    actor_email: str | None = None
    branch: str | None = None
    commit_hash: str | None = None
    pull_request_id: str | None = None
    parent_schedule_run_id: int | None = None
    start_dttm: str = "2023-10-15 16:44:01.476190"
    end_dttm: str | None = "2023-10-15 16:44:39.891890"


def load_runs(folder: Path) -> Iterator[Run]:
    """The runs of a data folder.

    Raises `DataError` when there are none, or when one cannot be read.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise DataError(f"{folder}: no runs found; a data folder holds one <run_id>.json per run.")
    for file in files:
        try:
            yield _run(folder, json.loads(file.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise DataError(f"{file}: {type(e).__name__}: {e}") from e


def _run(folder: Path, fields: dict[str, Any]) -> Run:
    commands = [_command(folder, command) for command in fields["commands"]]
    return Run(**{**fields, "commands": commands})


def _command(folder: Path, fields: dict[str, Any]) -> Command:
    # Not read_text, which would turn the \r\n of dbt's progress lines into \n.
    logs = {name: (folder / fields[name]).read_bytes().decode() for name in ("stdout", "stderr")}
    resources = [_resource(folder, resource) for resource in fields["resources"]]
    return Command(**{**fields, **logs, "resources": resources})


def _resource(folder: Path, fields: dict[str, Any]) -> Resource:
    content = folder / fields["file"]
    if not content.is_file():
        raise FileNotFoundError(f"resource {fields['id']} names {content}, which is not a file")
    return Resource(id=fields["id"], path=fields["path"], content=content)
