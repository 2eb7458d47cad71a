"""The sample runs as they lie in an archive, without one: their files in memory."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from functions.findings.document import document
from functions.findings.failures import what_failed
from functions.findings.finding import WhatFailed
from functions.findings.logs.ends import Logs, read_logs
from functions.history.telling import History
from functions.report.report import Report, render
from functions.run.event import RunEvent, parse
from functions.run.inventory import ArchivedFile, Contents, MissingFile, StoredObject
from functions.run.keys import command_folder, resource_path, run_prefix
from functions.run.plan import (
    ListedResource,
    PlannedFile,
    plan_logs,
    plan_resources,
    unique_commands,
)

EVENTS = Path(__file__).parents[1] / "events"
PAYLOADS = {
    63187: "run_completed",
    63188: "run_completed_tests",
    63189: "run_completed_succeeded",
    63190: "run_completed_clone",
}
CASES = Path(__file__).parent / "data" / "cases"
PATTERNS = ("*.json", "*.log")


@dataclass
class Archive:
    """A run's archive; `reads` are the keys that were read, in order."""

    event: RunEvent
    files: list[ArchivedFile] = field(default_factory=list)
    missing: list[MissingFile] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    history: History = field(default_factory=History)

    def add(self, planned: PlannedFile, body: bytes) -> None:
        self.objects[planned.key] = body
        stored = StoredObject(len(body), sha256(body).hexdigest())
        self.files.append(ArchivedFile(planned, stored))

    def put(self, command_id: int, path: str, body: bytes) -> None:
        """Adds a file to a command, or puts it in the place of the one that is there."""
        for at, file in enumerate(self.files):
            if (file.planned.command_id, file.planned.path) == (command_id, path):
                del self.files[at]
                self.add(file.planned, body)
                return
        command = next(c for c in unique_commands(self.event) if c.id == command_id)
        resource_id = 9_000_000 + len(self.files)
        folder = run_prefix(self.event) + command_folder(self.event, command)
        key = folder + resource_path(path, resource_id=resource_id, shared=False)
        self.add(
            PlannedFile(key=key, path=path, command_id=command_id, resource_id=resource_id), body
        )

    def read_end(self, key: str, max_bytes: int) -> bytearray:
        self.reads.append(key)
        return bytearray(self.objects[key][-max_bytes:])

    @property
    def logs(self) -> Logs:
        return read_logs(self.event, self.files, self.read_end)

    def what_failed(self) -> WhatFailed:
        return what_failed(self.event, self.files, self.logs, self.read_end)

    def page(self) -> bytes:
        failed = self.what_failed()
        return render(
            Report(
                event=self.event,
                prefix=run_prefix(self.event),
                failed=failed,
                logs=self.logs,
                held=Contents(files=self.files, missing=self.missing),
                history=self.history,
                own={
                    "event.json": 4_447,
                    "archive.json": 9_120,
                    "failures.json": len(document(self.event, failed)),
                },
            )
        )


def archive_of(run_id: int) -> Archive:
    """The archive of a sample run, as `events/paradime` has it."""
    event = parse((EVENTS / f"{PAYLOADS[run_id]}.json").read_bytes())
    run = json.loads((EVENTS / "paradime" / f"{run_id}.json").read_text())
    archive = Archive(event)
    served: dict[tuple[int, str], Path] = {}
    listed: dict[int, list[ListedResource]] = {}
    for command in run["commands"]:
        for log in ("stdout", "stderr"):
            served[command["id"], f"{log}.log"] = EVENTS / "paradime" / command[log]
        for resource in command["resources"]:
            served[command["id"], resource["path"]] = EVENTS / "paradime" / resource["file"]
        listed[command["id"]] = [ListedResource(r["id"], r["path"]) for r in command["resources"]]
    planned = [
        file
        for command in unique_commands(event)
        for file in (
            *plan_logs(run_prefix(event), event, command),
            *plan_resources(run_prefix(event), event, command, listed[command.id], PATTERNS),
        )
    ]
    for file in planned:
        archive.add(file, served[file.command_id, file.path].read_bytes())
    return archive


def archive_of_case(name: str) -> Archive:
    """A run of one command in `tests/data/cases`, with what it left behind."""
    folder = CASES / name
    case = json.loads((folder / "case.json").read_text())
    archive = archive_from(payload(**case.get("run", {}), commands=case["commands"]))
    [command] = case["commands"]
    for file in sorted((folder / str(command["id"])).rglob("*.*")):
        path = file.relative_to(folder / str(command["id"]))
        archive.put(command["id"], path.as_posix(), file.read_bytes())
    return archive


def archive_from(payload: dict[str, Any]) -> Archive:
    """An archive in which each command has empty logs only."""
    event = parse(json.dumps(payload).encode())
    archive = Archive(event)
    for command in unique_commands(event):
        for log in plan_logs(run_prefix(event), event, command):
            archive.add(log, b"")
    return archive


def payload(**members: Any) -> dict[str, Any]:
    """A run that failed in its only command, `dbt build`; `members` take the place of its own."""
    return {
        "id": 7,
        "workspace": {"name": "demo", "uid": "uid7"},
        "schedule_name": "nightly",
        "status": "failed",
        "start_dttm": "2024-05-01 02:00:00.000000",
        "end_dttm": "2024-05-01 02:10:00.000000",
        "api_url": "https://api.paradime.io/graphql",
        "run_url": "https://app.paradime.io/bolt/run_id/7",
        "commands": [
            {
                "id": 70,
                "command": "dbt build",
                "status": "failed",
                "return_code": 1,
                "start_dttm": "2024-05-01 02:01:00.000000",
                "end_dttm": "2024-05-01 02:09:00.000000",
            }
        ],
    } | members


def results(*nodes: dict[str, Any], version: int = 6) -> bytes:
    """A `run_results.json`; each node has an id, is in error, and says so unless told otherwise."""
    schema = f"https://schemas.getdbt.com/dbt/run-results/v{version}.json"
    return json.dumps(
        {
            "metadata": {"dbt_schema_version": schema},
            "results": [{"status": "error", "message": "it broke"} | node for node in nodes],
            "elapsed_time": 1.0,
        }
    ).encode()


def graph(parents: dict[str, list[str]], **nodes: dict[str, Any]) -> bytes:
    """A `manifest.json`."""
    return json.dumps({"metadata": {}, "nodes": nodes, "parent_map": parents}).encode()


def large_archive(*, commands: int = 200, failing: int = 5_000) -> Archive:
    """A run of many commands, all failed, each with its share of the failing nodes and a log."""
    each = failing // commands
    archive = archive_from(
        payload(
            end_dttm="2024-05-01 05:30:00.000000",
            commands=[
                {
                    "id": 1_000 + at,
                    "command": f"dbt build --select tag:team_{at:03} --target production",
                    "status": "failed",
                    "return_code": 1,
                    "start_dttm": f"2024-05-01 {2 + at // 60:02}:{at % 60:02}:00.000000",
                    "end_dttm": f"2024-05-01 {2 + at // 60:02}:{at % 60:02}:55.000000",
                }
                for at in range(commands)
            ],
        )
    )
    for at in range(commands):
        nodes = [
            {
                "unique_id": f"model.warehouse.fct_orders_of_team_{at:03}_by_region_{node:03}",
                "message": "Database Error in model fct_orders (models/marts/fct_orders.sql)\n"
                f'  column "amount_{node}" does not exist\n  LINE 13: select amount_{node}',
                "compiled_code": "select\n    order_id,\n    amount\nfrom orders\n" * 20,
                "execution_time": 1.5,
            }
            for node in range(each)
        ]
        log = "".join(
            f"\x1b[0m02:00:{n % 60:02}  {n} of 400 START sql \x1b[31m…\x1b[0m\n" for n in range(400)
        )
        archive.put(1_000 + at, "stdout.log", log.encode())
        archive.put(1_000 + at, "target/run_results.json", results(*nodes))
        archive.put(1_000 + at, "target/manifest.json", graph({}))
        archive.put(1_000 + at, "logs/dbt.log", b"debug\n" * 1_000)
    return archive
