"""A failed run of two commands, known to the stand-in, and all that may be delivered of it."""

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Any

from functions.paradime.api import ResourceAnswer
from functions.paradime.bolt import ListedRun, ListedSchedule, RunCommand
from functions.run.fields import Instant
from functions.sweep.rebuild import completed_payload
from functions.sweep.workspaces import Workspace
from local.standin import Standin
from local.standin.data import Command, Resource, Run

RUN_ID = 700
RUN_KEY = f"n0sg8br1m44k0ryj#{RUN_ID}"
START = "2023-10-15 16:44:01.476190"
MANIFEST = Resource(id=70011, path="target/manifest.json", content=b'{"nodes": {}}')
RESULTS = Resource(id=70021, path="target/run_results.json", content=b'{"results": []}')


def add_small_run(
    standin: Standin,
    seed_resources: Sequence[Resource] = (MANIFEST,),
    run_resources: Sequence[Resource] = (RESULTS,),
) -> None:
    commands = [
        Command(id=7001, command="dbt seed", stdout="seeded", resources=seed_resources),
        Command(id=7002, command="dbt run", stdout="ran", return_code=1, resources=run_resources),
    ]
    standin.bolt.add(
        Run(
            run_id=RUN_ID,
            schedule_name="small",
            schedule_slug="small",
            state="FAILED",
            commands=commands,
        )
    )


def started(api_url: str) -> bytes:
    """With the misleading status of the vendor's own example."""
    return _payload(api_url, status="failed")


def completed(api_url: str, **changes: Any) -> bytes:
    commands = [command(7001, "dbt seed", 0, MANIFEST), command(7002, "dbt run", 1, RESULTS)]
    end = {"end_dttm": "2023-10-15 16:44:39.891890"}
    return _payload(api_url, **({"status": "failed", "commands": commands} | end | changes))


def succeeded(api_url: str, **changes: Any) -> bytes:
    commands = [command(7001, "dbt seed", 0, MANIFEST), command(7002, "dbt run", 0, RESULTS)]
    return completed(api_url, **({"status": "succeeded", "commands": commands} | changes))


def first_command_only(api_url: str, **changes: Any) -> bytes:
    return completed(api_url, commands=[command(7001, "dbt seed", 1, MANIFEST)], **changes)


def swept(api_url: str, *, state: str, return_code: int) -> bytes:
    """As the sweep makes it from what the API says."""
    start = Instant(2023, 10, 15, 16, 44, 1, tzinfo=UTC)
    end = Instant(2023, 10, 15, 16, 44, 40, tzinfo=UTC)
    command = RunCommand(
        id=7002, command="dbt run", return_code=return_code, start_dttm=start, end_dttm=end
    )
    return completed_payload(
        Workspace(uid="n0sg8br1m44k0ryj", api_url=api_url, name="demo-jaffle"),
        ListedSchedule(name="small"),
        ListedRun(id=RUN_ID, state=state, start_dttm=start, end_dttm=end),
        [(command, [ResourceAnswer(id=RESULTS.id, path=RESULTS.path)])],
    )


def _payload(api_url: str, **fields: Any) -> bytes:
    run = {
        "id": RUN_ID,
        "workspace": {"uid": "n0sg8br1m44k0ryj", "name": "demo-jaffle"},
        "schedule_name": "small",
        "api_url": api_url,
        "start_dttm": START,
    }
    return json.dumps(run | fields).encode()


def command(command_id: int, command: str, return_code: int, *resources: Resource) -> Any:
    return {
        "id": command_id,
        "command": command,
        "status": "failed" if return_code else "succeeded",
        "return_code": return_code,
        "start_dttm": START,
        "end_dttm": "2023-10-15 16:44:39.891890",
        "json_resources": [{"id": resource.id, "path": resource.path} for resource in resources],
    }
