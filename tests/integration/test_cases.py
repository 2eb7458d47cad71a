"""What is said of failed runs of every kind; `tests/data/cases/README.md` describes the cases."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.standin.data import Command, Resource, Run
from tests.integration.world import World, new_world

CASES = Path(__file__).parents[1] / "data" / "cases"
LOGS = ("stdout.log", "stderr.log")


@dataclass(frozen=True)
class Told:
    """What a run came to: its message, `failures.json`, and the page as people read it."""

    message: dict[str, Any]
    failures: dict[str, Any]
    page: str

    @cached_property
    def lines(self) -> list[str]:
        return [failure["message"] or "" for failure in self.message["failures"]]

    @cached_property
    def anywhere(self) -> str:
        """Page and `failures.json`, its texts as they read."""
        return "\n".join([self.page, json.dumps(self.failures, ensure_ascii=False)])


@pytest.fixture(scope="module")
def shared_world() -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, new_world(patch) as world:
        world.queues["told"] = url = world.sqs.create_queue(QueueName="told")["QueueUrl"]
        arn = world.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        boto3.client("sns").subscribe(
            TopicArn=world.topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
        )
        yield world


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    yield shared_world
    shared_world.clear()


NAMES = sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_a_failed_run_says_what_is_expected(world: World, name: str) -> None:
    case = json.loads((CASES / name / "case.json").read_text(encoding="utf-8"))
    told = archived(world, CASES / name, case)
    assert list(unmet(case["expect"], told)) == []


def archived(world: World, folder: Path, case: dict[str, Any]) -> Told:
    """Delivers the run and has it archived."""
    commands = [served(folder, command) for command in case["commands"]]
    world.standin.bolt.add(
        Run(
            run_id=7,
            schedule_name="nightly",
            schedule_slug="nightly",
            state="FAILED",
            commands=commands,
        )
    )
    world.send(json.dumps(event(world, case, commands)).encode())
    world.drain()
    [envelope] = world.messages("told")
    [failures] = [key for key in world.object_keys() if key.endswith("/failures.json")]
    page = failures.replace("failures.json", "index.html")
    return Told(
        message=json.loads(json.loads(envelope)["Message"]),
        failures=json.loads(world.object(failures)["Body"].read()),
        page=unescape(world.object(page)["Body"].read().decode()) if page else "",
    )


def served(folder: Path, command: dict[str, Any]) -> Command:
    """The command as the API has it: all that lies below its id."""
    left = folder / str(command["id"])
    paths = sorted(path for path in left.rglob("*") if path.is_file())
    files = {path.relative_to(left).as_posix(): path for path in paths}
    stdout, stderr = (files.pop(log).read_bytes().decode() if log in files else "" for log in LOGS)
    return Command(
        id=command["id"],
        command=command["command"],
        return_code=command.get("return_code"),
        stdout=stdout,
        stderr=stderr,
        resources=[
            Resource(id=command["id"] * 1000 + at, path=path, content=content)
            for at, (path, content) in enumerate(files.items())
        ],
    )


def event(world: World, case: dict[str, Any], commands: list[Command]) -> dict[str, Any]:
    ends = [end for command in case["commands"] if (end := command.get("end_dttm"))]
    told: dict[str, Any] = {
        "id": 7,
        "workspace": {"uid": "n0sg8br1m44k0ryj", "name": "demo"},
        "schedule_name": "nightly",
        "api_url": world.standin.api_url,
        "status": "failed",
        "start_dttm": case["commands"][0]["start_dttm"],
        "end_dttm": max(ends, default=case["commands"][0]["start_dttm"]),
        "commands": [
            command
            | {"json_resources": [{"id": file.id, "path": file.path} for file in known.resources]}
            for command, known in zip(case["commands"], commands, strict=True)
        ],
    }
    return told | dict(case.get("run", {}))


def unmet(expect: dict[str, Any], told: Told) -> Iterator[str]:
    """What is expected and not so, each in a line."""
    line = told.lines[0] if told.lines else ""
    first = told.message["failures"][0]["unique_id"] if told.lines else None
    listed = {finding["unique_id"]: finding for finding in told.failures["failures"]}
    by_id = {failure["unique_id"]: failure for failure in told.message["failures"]}
    checks: dict[str, Callable[[Any], object]] = {
        "tells": lambda pattern: re.search(pattern, line),
        "never": lambda pattern: not re.search(pattern, line),
        "nonempty": lambda _: bool(line.strip()),
        "first": lambda unique_id: first == unique_id,
        "first_never": lambda unique_id: first != unique_id,
        "count": lambda count: told.message["failure_count"] == count,
        "ids": lambda unique_id: unique_id in listed,
        "failure_messages": lambda entry: re.search(
            entry[1], by_id.get(entry[0], {}).get("message") or ""
        ),
        "any_message": lambda pattern: any(re.search(pattern, one) for one in told.lines),
        "skipped_never": lambda unique_id: all(
            unique_id not in group["unique_ids"] for group in told.failures["skipped"]
        ),
        "warnings_never": lambda unique_id: all(
            unique_id != finding["unique_id"] for finding in told.failures["warnings"]
        ),
        "healed": lambda unique_id: (
            unique_id not in listed or listed[unique_id].get("healed_by") is not None
        ),
        "owners": lambda owner: owner in told.message["owners"],
        "exposures": lambda name: name in {one["name"] for one in told.message["exposures"]},
        "skipped_models": lambda entry: (
            {"folder": entry[0], "models": entry[1]} in told.message["skipped_models"]
        ),
        "unread": lambda count: len(told.failures["unread"]) == count,
        "page": lambda _: bool(told.page),
        "page_never": lambda pattern: not re.search(pattern, told.page),
        "anywhere": lambda pattern: re.search(pattern, told.anywhere),
        "never_anywhere": lambda pattern: (
            not re.search(pattern, told.anywhere + json.dumps(told.message, ensure_ascii=False))
        ),
    }
    for member, expected in expect.items():
        entries = expected.items() if isinstance(expected, dict) else expected
        for entry in entries if isinstance(expected, dict | list) else [expected]:
            if not checks[member](entry):
                count = told.message["failure_count"]
                yield f"{member} {entry!r}, but it is {first} of {count}: {line}"
