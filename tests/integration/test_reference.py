"""docs/reference.md says what the functions write, where it was not made from the code."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.commands.set_up.configure import Scheme
from functions.aws.items import typed
from functions.aws.schedules import ScheduleKey, SchedulesTable, to_item
from functions.aws.table import RunsTable
from functions.aws.workspaces import WorkspacesTable
from functions.history.lateness import Expected
from functions.history.state import Acknowledgment, EndedRun, Kind, ScheduleState, Streak, Told
from functions.ingest import http
from functions.ingest.signature import parse_secret
from functions.paradime.credentials import parse_api_secret
from local.standin.data import Command, Resource, Run
from local.standin.faults import Status
from tests.integration.small_run import RESULTS, add_small_run, command, completed
from tests.integration.world import World, new_world
from tests.reference import examples, tables

Members = Iterator[tuple[str, str]]
OF_A_PULL_REQUEST = {
    "parent_schedule_run_id": 700,
    "environment": {"pull_request_id": "12"},
    "schedule": {
        "turbo_ci": {
            "enabled": True,
            "deferred_schedule_name": "nightly",
            "defer_environment_slug": "production",
        }
    },
}
ODD = Resource(id=70022, path="odd/run_results.json", content=b'{"results": [7]}')


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """In which each attribute of a record and each member of an archive's files has come to be."""
    with pytest.MonkeyPatch.context() as patch, new_world(patch) as world:
        patch.setenv("HISTORY", "all")
        add_small_run(world.standin, run_resources=[replace(RESULTS, content=b""), ODD])
        world.standin.faults.add(Status(on="download:1205743", status=404))
        for sample in (
            "run_completed",
            "run_completed_tests",
            "run_completed_clone",
            "run_completed_succeeded",
        ):
            world.send(world.payload(sample))
        world.send(completed(world.standin.api_url))
        world.send(telling(world))
        world.send(completed("https://example.com/graphql", id=2))
        world.send(b"not JSON")
        world.drain()
        world.standin.faults.add(Status(on="download:*", status=503))
        world.send(completed(world.standin.api_url, id=4))
        world.receive()
        world.send(completed(world.standin.api_url, id=3))
        interrupt(world, "n0sg8br1m44k0ryj#3")
        workspaces = WorkspacesTable(world.dynamodb, world.workspaces_table)
        workspaces.set_resume_point("n0sg8br1m44k0ryj", "daily_run")
        yield world


def telling(world: World) -> bytes:
    """A run of which a node is healed, two have one cause, and all is known."""
    broken = {
        "status": "error",
        "message": "Binder Error: no column x\n\nLINE 1: select x",
        "compiled_code": "select x",
        "batch_results": {"failed": [["2024-05-01", "2024-05-02"]]},
    }
    results = [
        [
            {"unique_id": "model.demo.a"} | broken,
            {"unique_id": "model.demo.b"} | broken,
            {"unique_id": "model.demo.c", "status": "error"},
            {"unique_id": "model.demo.d", "status": "error"},
            {"unique_id": "model.demo.e", "status": "skipped"},
        ],
        [{"unique_id": "model.demo.c", "status": "success"}],
    ]
    resources = [
        Resource(
            id=70100 + at,
            path="target/run_results.json",
            content=json.dumps({"results": rows}).encode(),
        )
        for at, rows in enumerate(results)
    ]
    manifest = {
        "nodes": {
            "model.demo.a": {"meta": {"owner": "ann@example.com"}, "tags": ["nightly"]},
            "model.demo.e": {
                "original_file_path": "models/marts/e.sql",
                "depends_on": {"nodes": ["model.demo.a"]},
            },
        },
        "exposures": {
            "exposure.demo.revenue": {
                "name": "revenue",
                "type": "dashboard",
                "maturity": "high",
                "url": "https://bi.example.com/revenue",
                "owner": {"email": "bob@example.com"},
                "depends_on": {"nodes": ["model.demo.e"]},
            }
        },
    }
    graph = Resource(id=70110, path="target/manifest.json", content=json.dumps(manifest).encode())
    commands = [
        Command(id=7101, command="dbt build", return_code=1, resources=[resources[0], graph]),
        Command(id=7102, command="dbt retry", resources=resources[1:]),
    ]
    world.standin.bolt.add(
        Run(
            run_id=701,
            schedule_name="small",
            schedule_slug="small",
            state="FAILED",
            commands=commands,
        )
    )
    told = [command(one.id, one.command, one.return_code or 0, *one.resources) for one in commands]
    return completed(world.standin.api_url, id=701, commands=told, **OF_A_PULL_REQUEST)


def interrupt(world: World, run_key: str) -> None:
    """As if the pointer had been lost, and two fetches stopped while reading and publishing."""
    runs = RunsTable(world.dynamodb, world.table)
    now = datetime.now(UTC) + timedelta(hours=1)
    assert runs.claim_requeue(run_key, now)
    for interruptions in range(2):
        runs.begin_attempt(runs.read(run_key), "message", now, interruptions=interruptions)
        runs.note_reading(runs.read(run_key), "stdout.log")
    assert runs.claim_message(runs.read(run_key), {"failed"}, "message", now)


def attributes(name: str, value: dict[str, Any]) -> Members:
    """An attribute's name and DynamoDB type, and those of what is in it."""
    [(kind, content)] = value.items()
    match kind:
        case "M":
            for inner, inner_value in content.items():
                yield from attributes(f"{name}.{inner}", inner_value)
        case "L":
            yield name, kind
            for one in content:
                yield from attributes(f"{name}[]", one)
        case _:
            yield name, kind


def of_items(items: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {
        found for item in items for name, value in item.items() for found in attributes(name, value)
    }


def members(name: str, value: Any) -> Iterator[str]:
    match value:
        case dict():
            for inner, inner_value in value.items():
                yield from members(f"{name}.{inner}".strip("."), inner_value)
        case [dict(), *_]:
            for one in value:
                yield from members(f"{name}[]", one)
        case _ if value != []:
            yield name


def test_a_record_has_the_attributes_that_the_reference_lists(world: World) -> None:
    record, *_ = tables("The record")
    listed = {(name, kind) for name, kinds, _ in record for kind in kinds.split(" or ")}
    assert listed == of_items(world.records())


def test_a_workspace_has_the_attributes_that_the_reference_lists(world: World) -> None:
    *_, workspace = tables("The record")
    items = world.dynamodb.scan(TableName=world.workspaces_table)["Items"]
    assert {(name, kind) for name, kind, _ in workspace} == of_items(items)


def test_a_schedule_has_the_attributes_that_the_reference_lists(world: World) -> None:
    states, expected = tables("The state of a schedule")
    items = [*world.dynamodb.scan(TableName=world.schedules_table)["Items"], a_full_state()]
    assert {(name, kind) for name, kind, _ in states} == of_items(items)
    key = ScheduleKey(workspace_uid="w", schedule_key="w#nightly")
    now = datetime.now(UTC)
    seen = Expected(next_run_at=now, missed_at=now, slow=1, stuck=2)
    SchedulesTable(world.dynamodb, world.schedules_table).expect(key, seen, 0)
    stored = world.dynamodb.query(
        TableName=world.schedules_table,
        KeyConditionExpression="workspace_uid = :uid",
        ExpressionAttributeValues={":uid": {"S": "w"}},
    )
    assert {(name, kind) for name, kind, _ in expected} == of_items(stored["Items"])


def a_full_state() -> dict[str, Any]:
    """A schedule that has failed for long, is announced and acknowledged."""
    start = datetime(2026, 3, 2, tzinfo=UTC)
    state = ScheduleState(
        before=Streak(3, start),
        last_success=EndedRun(1, "2026-03-01T02:00:00.000000Z", "54a1345"),
        usual_seconds=60,
        told=Told(run_id=1, started_at=start, kind=Kind.FAILED, nodes="nodes"),
        acknowledged=Acknowledgment(start, "on it"),
    )
    return typed(to_item(state))


@pytest.mark.parametrize(("file", "position"), [("archive.json", 0), ("failures.json", 1)])
def test_a_file_has_the_members_that_the_reference_lists(
    world: World, file: str, position: int
) -> None:
    listed = {name for name, _ in tables("The archive")[position]}
    files = [json.loads(body) for key, body in world.objects().items() if key.endswith(f"/{file}")]
    assert listed == {name for content in files for name in members("", content)}


def test_a_pointer_and_a_quarantined_delivery_are_as_shown(world: World) -> None:
    pointer, quarantined = map(json.loads, examples("Queues"))
    [dead_letter] = world.messages("dead-letters")
    [in_quarantine] = world.messages("quarantine")
    assert pointer.keys() == json.loads(dead_letter).keys()
    assert quarantined.keys() == json.loads(in_quarantine).keys()


def test_the_answers_are_those_that_are_given() -> None:
    [listed] = tables("HTTP answers")
    answers = [
        http.accepted("<workspace uid>/<run id>"),
        http.QUARANTINED,
        http.UNAUTHORIZED,
        http.TOO_LARGE,
        http.UNAVAILABLE,
    ]
    given = [(str(answer.status), json.dumps(answer.body)) for answer in answers]
    assert [(status, body) for status, body, _ in listed] == given


def test_the_secrets_that_are_shown_are_usable() -> None:
    *webhook, api = examples("Secrets")
    schemes = [parse_secret(secret).scheme for secret in webhook]
    assert schemes == list(Scheme)
    credentials = parse_api_secret(api)
    assert credentials.default is not None
    assert credentials.default_workspaces
    assert credentials.api_urls.keys() == {"n0sg8br1m44k0ryj"}
