"""`make demo`: the main job on real input, from a signed delivery to the files in S3.

A local stack is deployed anew, a stand-in serves what real dbt wrote, the sample deliveries are
sent as Paradime would send them, and what has become of them is shown.
"""

import json
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from cli.records import Record, list_runs, read_inventory, read_run
from cli.runs import table_of
from cli.send import deliver, with_api_url
from cli.target import Target, local_target
from local.errors import LocalStackError
from local.signals import interrupt_once
from local.stack import local_stack
from local.standin import Standin, load_runs

STATE_DIR = Path(".local-demo")
EVENTS = Path(__file__).parents[1] / "events"
DELIVERIES = (
    "run_started_63187",
    "run_completed",
    "run_completed_tests",
    "run_completed_succeeded",
    "run_completed_clone",
)
RUN = "n0sg8br1m44k0ryj/63187"
FAILED_RUNS = (RUN, "n0sg8br1m44k0ryj/63188", "n0sg8br1m44k0ryj/63190")
PATIENCE_SECONDS = 120
# Statuses of run_results.json that are bad news; `skipped` is only their consequence.
FAILING = {"error", "fail", "runtime error"}

console = Console(highlight=False)


class DemoError(LocalStackError):
    """Something did not arrive, or not as it was sent."""


def main() -> None:
    interrupt_once()
    with (
        local_stack(STATE_DIR, fresh=True, say=_say) as stack,
        Standin(load_runs(EVENTS / "paradime")) as standin,
    ):
        target = local_target(STATE_DIR / "outputs.json")
        secret = json.dumps(
            {"scheme": "standard-webhooks", "secrets": [stack.outputs.signing_secret]}
        )
        for name in DELIVERIES:
            body = with_api_url((EVENTS / f"{name}.json").read_bytes(), standin.api_url)
            answer = deliver(target.webhook_url, secret, body)
            _say(f"sent {name}.json: {answer['status']}, run {answer['run']}")
        for run in FAILED_RUNS:
            _show_arrival(target, _await_archive(target, run))
        _show_run(target, read_run(target, RUN))


def _await_archive(target: Target, run: str) -> Record:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        record = read_run(target, run)
        match record.get("archive_state"):
            case "archived":
                return record
            case "partial" | "failed" as state:
                raise DemoError(f"run {run} is {state}: {record.get('archive_error')}")
        time.sleep(0.2)
    raise DemoError(f"run {run} was not archived within {PATIENCE_SECONDS} s")


def _show_arrival(target: Target, record: Record) -> None:
    """Says that a run's archive is complete, once each of its objects is what was served."""
    inventory = read_inventory(target, record)
    assert inventory is not None
    for file in inventory["files"]:
        body = target.s3.get_object(Bucket=target.bucket, Key=file["key"])["Body"].read()
        if sha256(body).hexdigest() != file["sha256"]:
            raise DemoError(f"{file['key']} is not what its inventory says")
    _say(
        f"run {record['run_id']} archived: {len(inventory['files'])} files, "
        "each as its inventory says"
    )


def _show_run(target: Target, record: Record) -> None:
    inventory = read_inventory(target, record)
    assert inventory is not None
    console.rule("bolt-archive runs")
    console.print(table_of(list(list_runs(target, workspace=None, schedule=None, failed=False))))
    console.rule(f"what broke in run {RUN}")
    for command in record["commands"]:
        if command["status"] == "failed":
            console.print(
                f"command {command['index']}, [bold]{escape(command['command'])}[/], "
                f"returned {command['return_code']}"
            )
    for node in _failing_nodes(target, inventory):
        console.print(
            f"  [red]{node['status']}[/]  [bold]{escape(node['unique_id'])}[/]\n"
            f"         {escape(str(node['message']).strip())}"
        )
    console.rule(f"s3://{target.bucket}")
    console.print(_tree(target, record["archive_prefix"]))
    console.rule("a presigned link, opened")
    key = next(file["key"] for file in inventory["files"] if file["key"].endswith("results.json"))
    link = target.s3.generate_presigned_url(
        "get_object", Params={"Bucket": target.bucket, "Key": key}, ExpiresIn=3600
    )
    response = requests.get(link, timeout=10)
    console.print(link, soft_wrap=True)
    console.print(f"{response.status_code}, {len(response.content)} bytes")
    if not response.ok:
        raise DemoError("the presigned link does not open")


def _failing_nodes(target: Target, inventory: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for file in inventory["files"]:
        if file["path"].endswith("run_results.json"):
            body = target.s3.get_object(Bucket=target.bucket, Key=file["key"])["Body"].read()
            yield from (node for node in json.loads(body)["results"] if node["status"] in FAILING)


def _tree(target: Target, prefix: str) -> Tree:
    tree = Tree(prefix)
    folders = {"": tree}
    for item in target.s3.list_objects_v2(Bucket=target.bucket, Prefix=prefix)["Contents"]:
        folder, name = "", item["Key"].removeprefix(prefix)
        for part in name.split("/")[:-1]:
            parent, folder = folder, f"{folder}{part}/"
            if folder not in folders:
                folders[folder] = folders[parent].add(f"{part}/")
        folders[folder].add(f"{name.rpartition('/')[2]}  [dim]{item['Size']:,}[/]")
    return tree


def _say(message: str) -> None:
    console.print(f"demo: {message}", markup=False)
