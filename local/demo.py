"""`make demo`: the whole path on real input, from a signed delivery to the files in S3.

Deploys a fresh local stack, serves files that real dbt wrote from a stand-in for Paradime, sends
the sample deliveries as Paradime would, and shows what was archived.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import requests
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.tree import Tree

from cli.commands.look.open_page import link_to_page
from cli.commands.look.runs import table_of
from cli.commands.set_up.payloads import with_api_url
from cli.commands.set_up.send import deliver
from cli.stack.records import Record, list_runs, read_inventory, read_run, whole_records
from cli.stack.target import Target, local_target
from cli.terminal.output import print_tables
from local.inbox import new_inbox
from local.stack import LocalStackError
from local.stack.stack import interrupt_once, local_stack
from local.standin import Standin, load_runs

STATE_DIR = Path(".local-demo")
EVENTS = Path(__file__).parents[1] / "events"
RUN = "n0sg8br1m44k0ryj/63187"
# The same schedule once more, with what failed in another run.
NEXT = {"id": 63191, "schedule_name": "daily_run"}
DELIVERIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("run_started_63187", {}),
    ("run_completed", {}),
    ("run_completed_tests", {}),
    ("run_completed_clone", {}),
    ("run_completed_tests", NEXT),
    ("run_completed_succeeded", {}),
)
# A run of a schedule is told before the next one of it is delivered, as it is at night.
STORY = (63187, 63191, 63189)
FAILED_RUNS = (RUN, *(f"n0sg8br1m44k0ryj/{run_id}" for run_id in (63188, 63190, 63191)))
PATIENCE_SECONDS = 120

Found = TypeVar("Found")

console = Console(highlight=False)


class DemoError(LocalStackError):
    """Something did not arrive, or arrived changed."""


def main() -> None:
    interrupt_once()
    with (
        local_stack(STATE_DIR, fresh=True, say=_say) as stack,
        Standin(load_runs(EVENTS / "paradime")) as standin,
    ):
        target = local_target(STATE_DIR / "outputs.json")
        inbox = Inbox(target, new_inbox(stack.outputs, "demo"))
        secret = json.dumps(
            {"scheme": "standard-webhooks", "secrets": [stack.outputs.signing_secret]}
        )
        for name, changes in DELIVERIES:
            body = _payload(name, changes, standin.api_url)
            answer = deliver(target.webhook_url, secret, body)
            as_run = f" as run {changes['id']}" if changes else ""
            _say(f"sent {name}.json{as_run}: {answer['status']}, run {answer['run']}")
            if "commands" in (sent := json.loads(body)) and sent["id"] in STORY:
                inbox.await_message(sent["id"])
        for run in FAILED_RUNS:
            _check_files(target, _await_archive(target, run))
        _show(target, read_run(target, RUN), [inbox.await_message(run_id) for run_id in STORY])


def _payload(name: str, changes: dict[str, Any], api_url: str) -> bytes:
    body = with_api_url((EVENTS / f"{name}.json").read_bytes(), api_url)
    return json.dumps(json.loads(body) | changes).encode() if changes else body


@dataclass(frozen=True)
class Inbox:
    """What the topic of failed runs has published, by run."""

    target: Target
    url: str
    received: dict[int, dict[str, Any]] = field(default_factory=dict)

    def await_message(self, run_id: int) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            answer = self.target.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                envelope: dict[str, Any] = json.loads(message["Body"])
                self.received[json.loads(envelope["Message"])["run"]["run_id"]] = envelope
            return self.received.get(run_id)

        return _await(look, f"the message about run {run_id}")


def _await_archive(target: Target, run: str) -> Record:
    def look() -> Record | None:
        record = read_run(target, run)
        if record.get("archive_state") in ("partial", "failed"):
            raise DemoError(f"the archive of run {run} is incomplete: {record}")
        return record if record.get("archive_state") == "archived" else None

    return _await(look, f"the archive of run {run}")


def _await(look: Callable[[], Found | None], what: str) -> Found:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise DemoError(f"{what} did not arrive within {PATIENCE_SECONDS} s")
        time.sleep(0.2)
    return found


def _check_files(target: Target, record: Record) -> None:
    """Reports a run as archived once each file in S3 has the checksum that its inventory lists."""
    files = _files(target, record)
    for file in files:
        body = target.s3.get_object(Bucket=target.bucket, Key=file["key"])["Body"].read()
        if sha256(body).hexdigest() != file["sha256"]:
            raise DemoError(f"{file['key']} does not match the checksum in its inventory")
    _say(f"run {record['run_id']} archived: {len(files)} files, checksums verified")


def _files(target: Target, record: Record) -> list[dict[str, Any]]:
    inventory = read_inventory(target, record)
    if inventory is None:
        raise DemoError(f"run {record['run_id']} has no archive.json")
    files: list[dict[str, Any]] = inventory["files"]
    return files


def _show(target: Target, record: Record, story: list[dict[str, Any]]) -> None:
    console.rule("bolt-archive runs")
    print_tables(table_of(list(whole_records(target, list_runs(target)))))
    console.rule(f"s3://{target.bucket}")
    console.print(_tree(target, record["archive_prefix"]))
    console.rule(f"what broke in run {RUN}")
    for command in record["commands"]:
        if command["status"] == "failed":
            console.print(
                f"command {command['index']}, [bold]{escape(command['command'])}[/], "
                f"returned {command['return_code']}"
            )
    for node in record["failures"]:
        console.print(f"  [red]{escape(node['status'])}[/]  [bold]{escape(node['unique_id'])}[/]")
        console.print(Padding(escape(node["message"].strip()), (0, 0, 0, 4)))
    _open_page(target, record)
    console.rule("messages to subscribers")
    for envelope in story:
        console.print(envelope["Subject"], markup=False)
    _next_step()


def _open_page(target: Target, record: Record) -> None:
    """Opens the page's presigned link, and keeps a copy that outlives the local stack."""
    with requests.Session() as session:
        session.trust_env = False  # loopback needs no proxy
        response = session.get(link_to_page(target, record), timeout=10)
    if not response.ok:
        raise DemoError(f"the link to the page answered with status {response.status_code}")
    copy = STATE_DIR / "index.html"
    copy.write_bytes(response.content)
    console.rule("the run's page")
    console.print(
        f"It was opened by its link: {len(response.content):,} bytes of "
        f"{response.headers['Content-Type']}. The local stack stops now; a copy of the page:"
    )
    console.print(copy.resolve().as_uri(), soft_wrap=True)


def _next_step() -> None:
    console.rule("next")
    console.print(
        "To browse these runs, with their logs and files, start the stack again:\n"
        "  source .venv/bin/activate\n"
        f"  python -m local up --detach --state-dir {STATE_DIR}\n"
        f"  bolt-archive serve --local --state-dir {STATE_DIR}",
        markup=False,
        soft_wrap=True,
    )


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
