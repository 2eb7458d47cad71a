"""Credentials and signing secrets belong to workspaces, and nobody else speaks for those."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from cli.secrets.signing import signed_headers
from functions.aws.workspaces import NotedWorkspace, WorkspacesTable
from functions.paradime import pace
from functions.sweep import handler as sweep
from local.standin.credentials import DEFAULT_CREDENTIALS
from tests.bolt_runs import WORKSPACE, completed_payload, new_run
from tests.integration.world import SECRET, Context, World, forget_clients

PAIR = {
    "api_key": DEFAULT_CREDENTIALS.api_key,
    "api_secret": DEFAULT_CREDENTIALS.api_secret,
}
ANOTHER = "anotherworkspace"
INVENTED = "invented"
BOUND_SECRET = "whsec_" + base64.b64encode(b"b" * 24).decode()


def store(name: str, value: object) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(value))


def deliver(world: World, uid: str, run_id: int = 1, api_url: str | None = None) -> None:
    run = new_run(run_id)
    world.standin.bolt.add(run)
    answer = world.send(completed_payload(run, api_url or world.standin.api_url, uid))
    assert answer["statusCode"] == 202


def served(world: World, uid: str, run_id: int = 1) -> bool:
    """Whether a run of the workspace is archived, as soon as it is received."""
    deliver(world, uid, run_id)
    world.drain()
    record = world.record(f"{uid}#{run_id}")
    assert record is not None
    return bool(record["archive_state"] == "archived")


def noted(world: World, uid: str) -> NotedWorkspace:
    table = WorkspacesTable(world.dynamodb, world.workspaces_table)
    [found] = [workspace for workspace in table.read() if workspace.uid == uid]
    return found


@pytest.fixture
def swept(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    monkeypatch.setattr(pace, "SECONDS_BETWEEN_CALLS", 0)
    monkeypatch.setenv("SWEEP_LOOKBACK_HOURS", "48")
    monkeypatch.setenv("STALE_HOURS", "24")

    def sweep_now() -> Any:
        sweep.worker.cache_clear()
        return sweep.handler({}, Context())

    yield sweep_now
    sweep.worker.cache_clear()


class TestNamedDefault:
    def test_the_workspaces_that_it_names_are_served(self, world: World) -> None:
        store("api", {"default": PAIR | {"workspaces": [WORKSPACE, ANOTHER]}})
        assert served(world, WORKSPACE)
        assert served(world, ANOTHER)

    def test_no_other_is_even_if_it_is_the_first_that_delivers(self, world: World) -> None:
        world.standin.requests.clear()
        assert not served(world, INVENTED)
        assert not list(world.standin.requests)

    def test_a_run_that_waits_for_credentials_says_how_to_add_them(self, world: World) -> None:
        served(world, INVENTED)
        record = world.record(f"{INVENTED}#1")
        assert record is not None
        assert f"bolt-archive configure api --workspace {INVENTED}" in record["archive_error"]

    def test_credentials_that_are_added_are_used_at_once(self, world: World) -> None:
        """By a function that has read the secret before, too."""
        served(world, WORKSPACE)
        store("api", {"workspaces": {ANOTHER: PAIR}})
        assert served(world, ANOTHER)

    def test_a_sweep_files_no_run_under_a_uid_that_nobody_configured(
        self, world: World, swept: Callable[[], Any]
    ) -> None:
        deliver(world, WORKSPACE)
        deliver(world, INVENTED)
        world.standin.bolt.add(new_run(2))
        assert swept()["faults"] == 0
        assert world.record(f"{WORKSPACE}#2") is not None
        assert world.record(f"{INVENTED}#2") is None


class TestUnnamedDefault:
    @pytest.fixture(autouse=True)
    def _unnamed(self, world: World) -> None:
        store("api", {"default": PAIR})

    def test_the_first_workspace_that_delivers_is_served_and_no_other(self, world: World) -> None:
        assert served(world, ANOTHER)
        assert not served(world, WORKSPACE)
        assert served(world, ANOTHER, run_id=2)

    def test_the_others_are_not_in_another_process_either(self, world: World) -> None:
        assert served(world, ANOTHER)
        forget_clients()
        assert not served(world, WORKSPACE)

    def test_of_two_that_come_first_at_once_one_is_served(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim = WorkspacesTable.claim_first

        def claim_second(table: WorkspacesTable, uid: str, *, free: bool) -> bool:
            assert claim(table, ANOTHER, free=free)  # by a process that saw no run either
            return claim(table, uid, free=free)

        monkeypatch.setattr(WorkspacesTable, "claim_first", claim_second)
        assert not served(world, WORKSPACE)

    # A process that has ended has no metrics either, and Powertools still looks for some.
    @pytest.mark.filterwarnings("ignore:No application metrics to publish")
    def test_the_first_is_served_even_if_its_first_delivery_was_lost_halfway(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(WorkspacesTable, "add", stopped)
            with pytest.raises(StoppedError):
                deliver(world, ANOTHER)
        assert not served(world, WORKSPACE)
        assert served(world, ANOTHER)

    def test_workspaces_recorded_by_the_release_before_are_served(self, world: World) -> None:
        deliver(world, WORKSPACE)
        deliver(world, ANOTHER)
        world.forget_workspaces()  # the release before had no such table
        assert not served(world, INVENTED)
        assert served(world, ANOTHER, run_id=2)
        assert served(world, WORKSPACE, run_id=2)

    def test_a_run_that_the_release_before_recorded_is_archived_before_the_next_delivery(
        self, world: World
    ) -> None:
        deliver(world, ANOTHER)
        world.forget_workspaces()
        world.drain()
        record = world.record(f"{ANOTHER}#1")
        assert record is not None
        assert record["archive_state"] == "archived"

    def test_workspaces_in_the_table_from_before_are_served(self, world: World) -> None:
        deliver(world, ANOTHER)
        world.forget_workspaces()
        world.clear()
        world.dynamodb.put_item(
            TableName=world.workspaces_table,
            Item={"workspace_uid": {"S": WORKSPACE}, "api_url": {"S": "https://before"}},
        )
        assert served(world, WORKSPACE)

    def test_a_sweep_asks_only_about_the_workspace_that_is_served(
        self, world: World, swept: Callable[[], Any]
    ) -> None:
        deliver(world, WORKSPACE)
        deliver(world, INVENTED)
        world.standin.bolt.add(new_run(2))
        assert swept()["missing"] == 1
        assert world.record(f"{INVENTED}#2") is None


class StoppedError(Exception):
    """The process has ended."""


def stopped(*_: object, **__: object) -> None:
    raise StoppedError


class TestNoCredentials:
    def test_a_lost_pointer_of_such_a_workspace_is_sent_again(
        self, world: World, swept: Callable[[], Any]
    ) -> None:
        """So that its failed run is told, if without logs."""
        deliver(world, INVENTED)
        for item in world.records():
            world.dynamodb.update_item(
                TableName=world.table,
                Key={"run_key": item["run_key"]},
                UpdateExpression="SET last_received_at = :long_ago",
                ExpressionAttributeValues={":long_ago": {"S": "2023-10-15T16:44:39.000000Z"}},
            )
        assert swept()["requeued"] == 1

    def test_a_workspace_that_cannot_be_noted_is_to_be_delivered_again(self, world: World) -> None:
        """A run that is recorded all the same would look like one from before the upgrade."""
        world.dynamodb.delete_table(TableName=world.workspaces_table)
        answer = world.send(completed_payload(new_run(1), world.standin.api_url))
        assert answer["statusCode"] == 503
        assert world.records() == []

    @pytest.mark.parametrize(
        "long",
        [
            {"workspace": {"uid": WORKSPACE, "name": "\N{GRINNING FACE}" * 150_000}},
            {"api_url": "https://api.paradime.io/" + "x" * 500_000},
        ],
        ids=["name", "address"],
    )
    def test_a_text_that_no_item_can_hold_costs_no_delivery(
        self, world: World, long: dict[str, Any]
    ) -> None:
        body = json.loads(completed_payload(new_run(1), world.standin.api_url)) | long
        answer = world.send(json.dumps(body, ensure_ascii=False).encode())
        assert answer["statusCode"] == 202
        assert noted(world, WORKSPACE).uid == WORKSPACE


class TestAddress:
    @pytest.mark.parametrize("odd", ["https://example.com/graphql", "x", "https://user@host/"])
    def test_an_odd_one_does_not_replace_the_one_that_is_known(
        self, world: World, odd: str
    ) -> None:
        deliver(world, WORKSPACE)
        deliver(world, WORKSPACE, run_id=2, api_url=odd)
        assert noted(world, WORKSPACE).api_url == world.standin.api_url

    def test_a_workspace_with_an_odd_one_only_has_none(self, world: World) -> None:
        deliver(world, WORKSPACE, api_url="https://example.com/graphql")
        assert noted(world, WORKSPACE).api_url is None

    def test_one_odd_delivery_ends_no_sweep_of_its_workspace(
        self, world: World, swept: Callable[[], Any]
    ) -> None:
        deliver(world, WORKSPACE)
        deliver(world, WORKSPACE, run_id=2, api_url="https://example.com/graphql")
        world.standin.bolt.add(new_run(3))
        assert (swept()["missing"], world.record(f"{WORKSPACE}#3") is not None) == (1, True)


class TestBoundSigningSecret:
    """A second signing secret, which speaks for one workspace."""

    STORED = {  # noqa: RUF012
        "scheme": "standard-webhooks",
        "secrets": [SECRET, {"secret": BOUND_SECRET, "workspaces": [ANOTHER]}],
    }

    @pytest.fixture(autouse=True)
    def _bound(self, world: World) -> None:
        store("webhook", self.STORED)

    def send(self, world: World, body: bytes, secret: str = BOUND_SECRET) -> int:
        signed = signed_headers(
            json.dumps({"scheme": "standard-webhooks", "secrets": [secret]}),
            body,
            datetime.now(UTC),
        )
        return int(world.send(body, signed)["statusCode"])

    def test_it_speaks_for_its_workspace(self, world: World) -> None:
        assert self.send(world, completed_payload(new_run(1), "x", ANOTHER)) == 202

    def test_it_speaks_for_no_other(self, world: World) -> None:
        assert self.send(world, completed_payload(new_run(1), "x", WORKSPACE)) == 401
        assert world.records() == []

    @pytest.mark.parametrize("uid", [WORKSPACE, ANOTHER])
    def test_a_plain_one_beside_it_speaks_for_all(self, world: World, uid: str) -> None:
        assert self.send(world, completed_payload(new_run(1), "x", uid), SECRET) == 202

    def test_what_cannot_be_understood_is_kept(self, world: World) -> None:
        assert self.send(world, b"not JSON") == 202
        assert len(world.messages("quarantine")) == 1

    def test_what_cannot_be_understood_about_another_workspace_is_refused(
        self, world: World
    ) -> None:
        body = json.dumps({"workspace": {"uid": WORKSPACE}, "id": "none"}).encode()
        assert self.send(world, body) == 401
        assert world.messages("quarantine") == []

    def test_a_workspace_that_is_added_to_it_is_spoken_for_at_once(self, world: World) -> None:
        self.send(world, completed_payload(new_run(1), "x", ANOTHER))
        entry = {"secret": BOUND_SECRET, "workspaces": [ANOTHER, WORKSPACE]}
        store("webhook", self.STORED | {"secrets": [entry]})
        assert self.send(world, completed_payload(new_run(1), "x", WORKSPACE)) == 202
