"""Console logs that are too large for one answer of the API: page by page, or missing."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from functions.paradime import api
from local.standin import Command, Run, Standin
from local.standin.faults import AnyFault, GraphqlErrors, Html, Status
from tests.integration import small_run
from tests.integration.world import World

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024
LARGE = 40 * MIB
LINE = "0123456789abcdef" * 63 + "of 1,024 bytes\r\n"
RUN_KEY = small_run.RUN_KEY
LOGS = "api:boltCommandLogs:7002"


@pytest.fixture
def large(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The logs of the command that failed are more than an answer may have."""
    monkeypatch.setattr(api, "MAX_ANSWER_BYTES", 200_000)
    small_run.add_small_run(world.standin)
    run = world.standin.bolt.run(small_run.RUN_ID)
    seed, build = run.commands
    logged = replace(build, stdout="\N{FIRE} ran\r\n" * 20_000, stderr="a warning\n" * 2_000)
    world.standin.bolt.add(replace(run, commands=[seed, logged]))
    return world


def deliver(world: World, **changes: Any) -> None:
    body = small_run.completed(world.standin.api_url, **changes)
    assert world.send(body)["statusCode"] == 202


def record(world: World) -> dict[str, Any]:
    found = world.record(RUN_KEY)
    assert found is not None
    return found


def of_archive(world: World, name: str) -> list[bytes]:
    return [body for key, body in world.objects().items() if key.endswith(name)]


def missing(world: World) -> dict[str, str]:
    [inventory] = map(json.loads, of_archive(world, "/archive.json"))
    return {file["path"]: file["reason"] for file in inventory["missing"]}


def test_they_are_archived_byte_for_byte(large: World) -> None:
    deliver(large)
    large.drain()
    command = large.standin.bolt.command(7002)[1]
    assert command.stdout.encode() in of_archive(large, "/stdout.log")
    assert command.stderr.encode() in of_archive(large, "/stderr.log")
    assert record(large)["archive_state"] == "archived"
    assert large.standin.requests.count("api:boltCommandLogs:7001") == 0


def test_they_are_not_paged_again_once_they_are_stored(large: World) -> None:
    deliver(large)
    large.drain()
    large.standin.requests.clear()
    deliver(large)
    large.drain()
    assert large.standin.requests.count("api:boltCommandLogs:*") == 0


REFUSALS: dict[str, AnyFault] = {
    "a capability that the key lacks": GraphqlErrors(on=LOGS, message="Missing capability."),
    "a question that is not known": Status(on=LOGS, status=400),
}


@pytest.mark.parametrize("fault", REFUSALS.values(), ids=REFUSALS.keys())
def test_an_api_that_does_not_page_them_costs_them_alone(large: World, fault: AnyFault) -> None:
    large.standin.faults.add(fault)
    deliver(large)
    large.receive()
    found = record(large)
    assert (found["archive_state"], found["missing_count"]) == ("partial", 2)
    assert missing(large).keys() == {"stdout.log", "stderr.log"}
    assert all("too large for one response" in reason for reason in missing(large).values())
    assert of_archive(large, "target/run_results.json")
    assert large.receive() is False


def test_soon_after_the_end_of_a_run_they_may_still_be_paged(large: World) -> None:
    large.standin.faults.add(GraphqlErrors(on=LOGS, times=2))
    deliver(large, end_dttm=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}")
    large.receive()
    assert record(large)["archive_state"] == "incomplete"
    large.drain()
    assert record(large)["archive_state"] == "archived"


@pytest.mark.parametrize("fault", [Status(on=LOGS, status=429, times=1), Html(on=LOGS, times=1)])
def test_an_api_that_fails_between_two_pages_is_asked_again(large: World, fault: AnyFault) -> None:
    large.standin.faults.add(fault)
    deliver(large)
    large.receive()
    assert record(large)["archive_state"] == "incomplete"
    large.drain()
    assert record(large)["archive_state"] == "archived"
    assert large.standin.bolt.command(7002)[1].stdout.encode() in of_archive(large, "/stdout.log")


BOUNDED = """
import json, re, resource, sys
from types import SimpleNamespace
from functions.paradime.api import ParadimeApi
from functions.paradime.paged_log import FIRST_CURSOR, PagedLog
from functions.paradime.session import new_session
from functions.shared.deadline import Deadline

headers = SimpleNamespace(url=sys.argv[1], values=json.loads(sys.argv[2]))
provider = SimpleNamespace(headers=lambda url, workspace_uid: headers)
api = ParadimeApi(new_session(1, allow_loopback=True), provider, sys.argv[1], "w")
ask = lambda cursor: api.log_page(1, cursor)
ask(FIRST_CURSOR)
with open("/proc/self/status") as status:
    taken = int(re.search(r"VmSize:\\s+(\\d+) kB", status.read())[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (taken + 24 * 2**20, taken + 24 * 2**20))
log = PagedLog(ask, "STDOUT", max_bytes=2**30, deadline=Deadline(lambda: 900_000))
while log.read(8 * 2**18):
    pass
print(json.dumps([log.bytes_read, log.sha256]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_one_of_40_mib_takes_the_memory_of_a_page() -> None:
    """24 MiB, once a first page was read."""
    log = LINE * (LARGE // len(LINE))
    command = Command(id=1, command="dbt run", return_code=1, stdout=log, stderr="a warning\n")
    run = Run(run_id=1, schedule_name="s", schedule_slug="s", state="FAILED", commands=[command])
    with Standin([run]) as standin:
        pair = {
            "X-API-KEY": standin.credentials.api_key,
            "X-API-SECRET": standin.credentials.api_secret,
        }
        finished = subprocess.run(
            [sys.executable, "-c", BOUNDED, standin.api_url, json.dumps(pair)],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == [len(log), sha256(log.encode()).hexdigest()]
