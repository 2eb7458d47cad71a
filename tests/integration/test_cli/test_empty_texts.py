"""A payload may leave a text empty: the run is recorded, and every command can deal with it."""

import json

import pytest

from tests.integration.small_run import RUN_ID, RUN_KEY, add_small_run, completed
from tests.integration.test_cli.conftest import BoltArchive
from tests.integration.world import World

EMPTY = ["status", "schedule_name", "api_url"]


@pytest.fixture(params=EMPTY)
def delivered(request: pytest.FixtureRequest, world: World) -> World:
    add_small_run(world.standin)
    body = json.loads(completed(world.standin.api_url)) | {request.param: ""}
    answer = world.send(json.dumps(body).encode())
    assert answer["statusCode"] == 202
    world.drain()
    return world


def test_its_run_is_listed(delivered: World, bolt_archive: BoltArchive) -> None:
    assert f"/{RUN_ID} " in bolt_archive("runs").out


def test_its_run_is_shown(delivered: World, bolt_archive: BoltArchive) -> None:
    shown = bolt_archive("show", str(RUN_ID))
    assert (shown.status, "dbt run" in shown.out) == (0, True)


def test_its_run_is_replayed(delivered: World, bolt_archive: BoltArchive) -> None:
    assert bolt_archive("replay", str(RUN_ID)).status == 0
    record = delivered.record(RUN_KEY)
    assert record is not None
    assert record["archive_state"] == "queued"


@pytest.mark.parametrize("attribute", ["schedule_name", "state"])
def test_a_record_of_0_1_0_without_it_is_listed_and_shown(
    world: World, bolt_archive: BoltArchive, attribute: str
) -> None:
    add_small_run(world.standin)
    world.send(completed(world.standin.api_url))
    world.dynamodb.update_item(
        TableName=world.table,
        Key={"run_key": {"S": RUN_KEY}},
        UpdateExpression="REMOVE #attribute",
        ExpressionAttributeNames={"#attribute": attribute},
    )
    assert f"/{RUN_ID} " in bolt_archive("runs").out
    assert "dbt run" in bolt_archive("show", str(RUN_ID)).out
