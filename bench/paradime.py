"""A stand-in for Paradime in a process of its own, with one run of as many artifacts as wanted."""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.environment import ROOT
from local.standin import Command, Generated, Resource, Run, Standin
from local.standin.faults import Delay

COMMAND_ID, FIRST_RESOURCE_ID = 500, 1000


@contextmanager
def paradime(
    *, artifacts: int, size: int, api_seconds: float = 0, download_seconds: float = 0
) -> Iterator[str]:
    """Serves; yields the address of its API. `size` is of each artifact, in bytes."""
    options = [str(artifacts), str(size), str(api_seconds), str(download_seconds)]
    command = [sys.executable, "-m", "bench.paradime", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["api_url"]
        finally:
            process.send_signal(signal.SIGTERM)


def completed_event(api_url: str, artifacts: int) -> dict[str, Any]:
    """The vendor's example with one command that left these artifacts behind."""
    payload: dict[str, Any] = json.loads((ROOT / "events" / "run_completed.json").read_text())
    command = payload["commands"][-1] | {
        "id": COMMAND_ID,
        "json_resources": [
            {"id": FIRST_RESOURCE_ID + number, "path": path_of(number)}
            for number in range(artifacts)
        ],
    }
    return payload | {"api_url": api_url, "commands": [command]}


def path_of(number: int) -> str:
    return f"target/artifact_{number:05}.json"


def _serve(artifacts: int, size: int, api_seconds: float, download_seconds: float) -> None:
    resources = [
        Resource(id=FIRST_RESOURCE_ID + number, path=path_of(number), content=Generated(size))
        for number in range(artifacts)
    ]
    run = Run(
        run_id=63187,
        schedule_name="daily_run",
        schedule_slug="daily-run",
        state="FAILED",
        commands=[Command(id=COMMAND_ID, command="dbt run", stdout="log", resources=resources)],
    )
    # Blocked before any thread starts, so that the signal waits for us.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with Standin([run]) as standin:
        if api_seconds:
            standin.faults.add(Delay(on="api:*", seconds=api_seconds))
        if download_seconds:
            standin.faults.add(Delay(on="download:*", seconds=download_seconds))
        sys.stdout.write(json.dumps({"api_url": standin.api_url}) + "\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("artifacts", type=int)
    parser.add_argument("size", type=int)
    parser.add_argument("api_seconds", type=float)
    parser.add_argument("download_seconds", type=float)
    given = parser.parse_args()
    _serve(given.artifacts, given.size, given.api_seconds, given.download_seconds)
