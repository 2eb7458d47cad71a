"""Runs whose webhook never arrived, on the local stack: a sweep finds them, and each only once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from botocore.config import Config

from local.stack.stack import LocalStack
from local.standin import Run, Standin
from local.standin.faults import GraphqlErrors
from tests.bolt_runs import completed_payload, new_run, started_payload
from tests.e2e.client import Client, Record, eventually
from tests.e2e.workers import kill_all

pytestmark = pytest.mark.e2e

SCHEDULES = 12
WORKSPACES = ["sweptworkspace", "faultyworkspace"]


@dataclass(frozen=True)
class Scenario:
    """Some runs of a workspace of its own: `missed` ones and those `started` come first."""

    client: Client
    standin: Standin
    workspace: str
    runs: list[Run]
    missed: int
    started: int

    def play(self) -> None:
        """Delivers what is told of, and waits until what failed among it is archived."""
        api_url, told = self.standin.api_url, self.missed + self.started
        bodies = [
            started_payload(run, api_url, self.workspace) for run in self.runs[self.missed : told]
        ]
        bodies += [completed_payload(run, api_url, self.workspace) for run in self.runs[told:]]
        with ThreadPoolExecutor(8) as pool:
            for answer in pool.map(self.client.send, bodies):
                assert answer.status_code == 202
        eventually(
            lambda: self.archived() >= failed(self.runs[told:]),
            "what Paradime told of is archived",
        )

    def archived(self) -> set[int]:
        return {
            int(record["run_id"])
            for record in self.records()
            if record.get("archive_state") == "archived"
        }

    def records(self) -> list[Record]:
        records = [r for r in self.client.records() if r["workspace_uid"] == self.workspace]
        return sorted(records, key=lambda record: int(record["run_id"]))

    def workspace_item(self) -> Any:
        answer = self.client.aws("dynamodb").scan(TableName=workspaces_table(self.client))
        [item] = [i for i in answer["Items"] if i["workspace_uid"]["S"] == self.workspace]
        return item


def workspaces_table(client: Client) -> Any:
    function = client.aws("lambda").get_function_configuration(
        FunctionName=client.outputs.sweep_function
    )
    return function["Environment"]["Variables"]["WORKSPACES_TABLE_NAME"]


@pytest.fixture(scope="module", autouse=True)
def only_these_workspaces(client: Client) -> None:
    """A sweep would ask the stand-ins of other tests, which are gone."""
    dynamodb, table = client.aws("dynamodb"), workspaces_table(client)
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={"workspace_uid": item["workspace_uid"]})


@pytest.fixture(scope="module", autouse=True)
def credentials_of_these_workspaces(stack: LocalStack, client: Client) -> None:
    secrets, arn = client.aws("secretsmanager"), client.outputs.api_secret_arn
    stored = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    stored["default"]["workspaces"] += WORKSPACES
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(stored))
    for function in ("Fetch", "Sweep"):
        kill_all(stack.state, function)


def failed(runs: list[Run]) -> set[int]:
    return {run.run_id for run in runs if run.state == "FAILED"}


def some_runs(count: int) -> list[Run]:
    """Every third has failed; they ended one after the other within the last 40 hours."""
    return [
        new_run(
            number,
            schedule=f"schedule-{number % SCHEDULES}",
            state="SUCCESS" if number % 3 else "FAILED",
            return_codes=[0] if number % 3 else [0, 1],
            ended_ago=timedelta(hours=1, minutes=40 * 60 * number / count),
        )
        for number in range(1, count + 1)
    ]


def sweep(client: Client) -> Any:
    """Invokes the function as its schedule does, and gives its tally."""
    patient = Config(read_timeout=900, retries={"total_max_attempts": 1})
    functions = client.aws("lambda", config=patient)
    answer = functions.invoke(FunctionName=client.outputs.sweep_function)
    content = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, content
    return content


@dataclass(frozen=True)
class Swept:
    """What was there after the first sweep and what it had found was archived; and then again."""

    scenario: Scenario
    first: dict[str, Any]
    archived: set[int]
    after_first: list[Record]
    second: dict[str, Any]
    after_second: list[Record]


@pytest.fixture(scope="module")
def swept(client: Client) -> Iterator[Swept]:
    runs = some_runs(120)
    with Standin(runs) as standin:
        scenario = Scenario(client, standin, WORKSPACES[0], runs, missed=40, started=5)
        scenario.play()
        first = sweep(client)
        eventually(lambda: scenario.archived() >= failed(runs), "all is archived")
        archived, after_first = scenario.archived(), scenario.records()
        second = sweep(client)
        yield Swept(scenario, first, archived, after_first, second, scenario.records())


def test_a_sweep_finds_all_that_nothing_told_the_end_of(swept: Swept) -> None:
    assert swept.first["missing"] == 45
    assert swept.first["complete"]


def test_every_run_has_its_record(swept: Swept) -> None:
    states = {int(record["run_id"]): record["state"] for record in swept.after_first}
    assert states == {
        run.run_id: "failed" if run.state == "FAILED" else "succeeded"
        for run in swept.scenario.runs
    }


def test_every_failed_run_is_archived_and_no_other(swept: Swept) -> None:
    assert swept.archived == failed(swept.scenario.runs)


def test_what_a_sweep_found_is_marked(swept: Swept) -> None:
    found = {int(r["run_id"]) for r in swept.after_first if r["source"] == "sweep"}
    assert found == set(range(1, 46))


def test_no_run_is_fetched_twice(swept: Swept) -> None:
    downloads = [
        operation
        for request in swept.scenario.standin.requests
        for operation in request.operations
        if operation.startswith("download:")
    ]
    assert sorted(downloads) == sorted(
        f"download:{resource.id}"
        for run in swept.scenario.runs
        if run.state == "FAILED"
        for command in run.commands
        for resource in command.resources
    )


def test_a_second_sweep_finds_nothing(swept: Swept) -> None:
    assert (swept.second["missing"], swept.second["requeued"]) == (0, 0)


def test_a_second_sweep_writes_nothing(swept: Swept) -> None:
    assert swept.after_second == swept.after_first
    assert swept.scenario.client.is_empty(swept.scenario.client.outputs.queue_url)
    assert "resume_after" not in swept.scenario.workspace_item()


def test_with_a_tenth_of_the_api_failing_the_following_sweeps_get_there(client: Client) -> None:
    runs = some_runs(36)
    with Standin(runs) as standin:
        scenario = Scenario(client, standin, WORKSPACES[1], runs, missed=10, started=2)
        scenario.play()
        standin.faults.add(GraphqlErrors(on="api:*", rate=0.1))
        sweeps: list[dict[str, Any]] = []
        while sum(tally["missing"] for tally in sweeps) < 12:
            assert len(sweeps) < 10, sweeps
            sweeps.append(sweep(client))
        eventually(lambda: scenario.archived() == failed(runs), "all is archived")
        assert sum(tally["queued"] for tally in sweeps) == len(failed(runs[:12]))
