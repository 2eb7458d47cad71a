"""A completed payload made from the API's answers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.paradime.api import ResourceAnswer
from functions.paradime.bolt import ListedRun, ListedSchedule, RunCommand
from functions.run import event as events
from functions.run.outcome import run_failed, run_state
from functions.shared.read_json import convert
from functions.sweep.rebuild import completed_payload
from functions.sweep.workspaces import Workspace

WORKSPACE = Workspace(uid="w", api_url="https://api.paradime.io/graphql", name="jaffle")
SCHEDULE = ListedSchedule(name="daily run", slug="daily-run", uuid="a7e76080")
RUN: dict[str, Any] = {
    "id": 7,
    "state": "FAILED",
    "actor": "Manual",
    "actorEmail": "me@example.com",
    "startDttm": "2026-03-01 02:00:00.000001",
    "endDttm": "2026-03-01 02:10:00.5",
    "gitInfo": {"branch": "main", "commitHash": "54a1345"},
}
COMMAND: dict[str, Any] = {
    "id": 70,
    "command": "dbt run",
    "startDttm": "2026-03-01 02:00:01",
    "endDttm": "2026-03-01 02:09:00",
    "returnCode": 1,
}


def payload(
    *commands: dict[str, Any],
    resources: tuple[tuple[int, str], ...] = (),
    **changes: Any,
) -> bytes:
    return completed_payload(
        WORKSPACE,
        SCHEDULE,
        convert(RUN | changes, ListedRun),
        [
            (
                convert(command, RunCommand),
                [ResourceAnswer(id=number, path=path) for number, path in resources],
            )
            for command in commands
        ],
    )


def test_it_is_understood_as_a_delivery_is() -> None:
    body = payload(COMMAND)
    event = events.parse(body)
    assert event.completed
    assert event.run_key == "w#7"
    assert event.workspace.name == "jaffle"
    assert (event.schedule_name, json.loads(body)["uuid"]) == ("daily run", "a7e76080")
    assert event.start_dttm == datetime(2026, 3, 1, 2, 0, 0, 1, tzinfo=UTC)
    assert event.end_dttm == datetime(2026, 3, 1, 2, 10, 0, 500_000, tzinfo=UTC)
    assert event.environment == events.Environment(
        actor="Manual", branch="main", commit_hash="54a1345", email="me@example.com"
    )


def test_it_says_that_no_webhook_sent_it() -> None:
    assert json.loads(payload())["source"] == "sweep"


@pytest.mark.parametrize(
    ("state", "recorded", "failed"),
    [
        ("SUCCESS", "succeeded", False),
        ("FAILED", "failed", True),
        ("ERROR", "failed", True),
        ("CANCELED", "canceled", False),
        ("SKIPPED", "skipped", False),
        ("TIMED_OUT", "timed_out", True),
    ],
)
def test_states_of_the_api_are_those_of_the_record(state: str, recorded: str, failed: bool) -> None:
    event = events.parse(payload(state=state))
    assert (run_state(event), run_failed(event)) == (recorded, failed)


@pytest.mark.parametrize(
    ("return_code", "status"), [(0, "succeeded"), (1, "failed"), (-9, "failed"), (None, None)]
)
def test_a_command_ended_as_its_return_code_says(
    return_code: int | None, status: str | None
) -> None:
    [command] = events.parse(payload(COMMAND | {"returnCode": return_code})).commands or ()
    assert (command.return_code, command.status) == (return_code, status)


def test_a_command_names_its_json_resources_alone() -> None:
    listed = ((1, "target/manifest.json"), (2, "logs/dbt.log"), (3, "target/a.sql"))
    [command] = events.parse(payload(COMMAND, resources=listed)).commands or ()
    assert [(resource.id, resource.path) for resource in command.json_resources] == [
        (1, "target/manifest.json")
    ]


def test_without_an_end_it_ended_with_its_last_command() -> None:
    event = events.parse(payload(COMMAND, endDttm=None))
    assert event.end_dttm == datetime(2026, 3, 1, 2, 9, tzinfo=UTC)


def test_without_end_and_commands_it_ended_when_it_started() -> None:
    event = events.parse(payload(endDttm=None, state="SKIPPED"))
    assert event.completed
    assert event.end_dttm == event.start_dttm


def test_descriptions_of_an_unexpected_kind_cost_no_run() -> None:
    odd = events.parse(payload(actor=7, actorEmail=[], gitInfo=None))
    assert odd.environment == events.Environment()


def test_it_names_pull_request_and_retried_run() -> None:
    git = {"branch": "fix", "commitHash": "54a1345", "pullRequestId": "12"}
    event = events.parse(payload(gitInfo=git, parentScheduleRunId=6))
    assert event.environment is not None
    assert (event.environment.pull_request_id, event.parent_schedule_run_id) == ("12", 6)


def test_an_odd_pull_request_or_parent_costs_no_run() -> None:
    event = events.parse(payload(gitInfo={"pullRequestId": 12}, parentScheduleRunId="6"))
    assert event.environment is not None
    assert event.environment.pull_request_id is None
    assert event.parent_schedule_run_id is None


def test_equal_answers_give_equal_bytes() -> None:
    assert payload(COMMAND) == payload(dict(reversed(COMMAND.items())))
