"""The completed payload that Paradime's webhook would have sent, rebuilt from its API.

Equal responses of the API give equal bytes. `source` says that no webhook sent them. What the API
does not tell (the run's page, its error text, the schedule at the time) is null.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from functions.paradime.api import ResourceAnswer
from functions.paradime.bolt import GitInfo, ListedRun, ListedSchedule, RunCommand
from functions.sweep.workspaces import Workspace

# The webhook's own words, as far as they are known. Other states of the API are put in lower case.
_WORDS = {"SUCCESS": "succeeded", "FAILED": "failed"}

CommandWithResources = tuple[RunCommand, Sequence[ResourceAnswer]]


def completed_payload(
    workspace: Workspace,
    schedule: ListedSchedule,
    run: ListedRun,
    commands: Sequence[CommandWithResources],
) -> bytes:
    git = run.git_info or GitInfo()
    payload = {
        "source": "sweep",
        "id": run.id,
        "workspace": {"uid": workspace.uid, "name": workspace.name},
        "api_url": workspace.api_url,
        "run_url": None,
        "uuid": schedule.uuid,
        "schedule_name": schedule.name,
        "schedule": None,
        "parent_schedule_run_id": run.parent_schedule_run_id,
        "status": _WORDS.get(run.state, run.state.lower()),
        "start_dttm": _text(run.start_dttm),
        "end_dttm": _text(_end(run, [command for command, _ in commands])),
        "error_string": None,
        "environment": {
            "actor": run.actor,
            "branch": git.branch,
            "commit_hash": git.commit_hash,
            "email": run.actor_email,
            "pull_request_id": git.pull_request_id,
        },
        "commands": [_command(command, resources) for command, resources in commands],
    }
    return json.dumps(payload, indent=3).encode()


def _command(command: RunCommand, resources: Iterable[ResourceAnswer]) -> dict[str, Any]:
    return {
        "id": command.id,
        "command": command.command,
        "status": _status(command.return_code),
        "return_code": command.return_code,
        "start_dttm": _text(command.start_dttm),
        "end_dttm": _text(command.end_dttm),
        "json_resources": [
            {"id": resource.id, "path": resource.path}
            for resource in resources
            if resource.path.endswith(".json")
        ],
    }


def _status(return_code: int | None) -> str | None:
    """The API has no status for commands; without a return code it is unknown."""
    if return_code is None:
        return None
    return "failed" if return_code else "succeeded"


def _end(run: ListedRun, commands: Sequence[RunCommand]) -> datetime:
    """A skipped run may have no end, but a payload without one would read as a started event."""
    ends = [command.end_dttm for command in commands if command.end_dttm]
    return run.end_dttm or max(ends, default=run.start_dttm)


def _text(instant: datetime | None) -> str | None:
    """As the vendor writes instants: in UTC, without a zone."""
    return f"{instant:%Y-%m-%d %H:%M:%S.%f}" if instant else None
