"""Runs for the stand-in, and the payloads that Paradime's webhook would send for them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.standin import Command, Resource, Run, load_runs

PARADIME = Path(__file__).parents[1] / "events" / "paradime"
WORKSPACE = "n0sg8br1m44k0ryj"


def new_run(
    run_id: int,
    *,
    schedule: str = "hourly",
    state: str = "FAILED",
    ended_ago: timedelta = timedelta(hours=1),
    return_codes: Sequence[int] = (0, 1),
    artifact: bytes = b"{}",
) -> Run:
    """A run of one minute; ids of its commands and resources follow from its own."""
    ended = datetime.now(UTC) - ended_ago
    return Run(
        run_id=run_id,
        schedule_name=f"{schedule} run",
        schedule_slug=schedule,
        state=state,
        start_dttm=instant(ended - timedelta(minutes=1)),
        end_dttm=None if state == "RUNNING" else instant(ended),
        branch="main",
        commit_hash="54a1345",
        commands=[
            Command(
                id=run_id * 100 + number,
                command=f"dbt run --select part_{number}",
                start_dttm=instant(ended - timedelta(minutes=1)),
                end_dttm=instant(ended),
                return_code=code,
                stdout=f"part {number}",
                resources=[
                    Resource(
                        id=run_id * 100 + number, path="target/run_results.json", content=artifact
                    ),
                    Resource(id=run_id * 100 + 50 + number, path="logs/dbt.log", content=b"log"),
                ],
            )
            for number, code in enumerate(return_codes)
        ],
    )


def real_run(run_id: int, ended_ago: timedelta = timedelta(hours=1)) -> Run:
    """One that real dbt wrote, as if it were of today."""
    [run] = [run for run in load_runs(PARADIME) if run.run_id == run_id]
    ended = instant(datetime.now(UTC) - ended_ago)
    return replace(run, start_dttm=ended, end_dttm=ended)


def completed_payload(run: Run, api_url: str, workspace: str = WORKSPACE) -> bytes:
    """What `bolt.run.completed` says of a run, in the shape of the vendor's example."""
    return json.dumps(
        _started(run, api_url, workspace)
        | {
            "end_dttm": run.end_dttm,
            "error_string": None,
            "status": "succeeded" if run.state == "SUCCESS" else "failed",
            "commands": [
                {
                    "id": command.id,
                    "command": command.command,
                    "status": "failed" if command.return_code else "succeeded",
                    "return_code": command.return_code,
                    "start_dttm": command.start_dttm,
                    "end_dttm": command.end_dttm,
                    "api_query": "",
                    "json_resources": [
                        {"id": resource.id, "path": resource.path, "resource_query": ""}
                        for resource in command.resources
                        if resource.path.endswith(".json")
                    ],
                }
                for command in run.commands
            ],
        }
    ).encode()


def started_payload(run: Run, api_url: str, workspace: str = WORKSPACE) -> bytes:
    return json.dumps(_started(run, api_url, workspace)).encode()


def _started(run: Run, api_url: str, workspace: str) -> dict[str, Any]:
    return {
        "id": run.run_id,
        "workspace": {"uid": workspace, "name": "demo-jaffle"},
        "api_url": api_url,
        "run_url": f"https://app.demo.paradime.io/bolt/run_id/{run.run_id}",
        "schedule_name": run.schedule_name,
        "status": "failed",
        "start_dttm": run.start_dttm,
        "environment": {"actor": run.actor, "branch": run.branch},
    }


def instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"
