"""Archives of runs with anything in them: below their prefix, complete, and without a fault."""

import json

import pytest

from local.standin.data import Command, Resource, Run
from local.standin.faults import GraphqlErrors
from tests.integration.test_hostile_input import ACCEPTED, EXAMPLE, deliver
from tests.integration.world import World
from tests.unit.test_keys import HOSTILE_PATHS

PREFIX = "runs/demo-jaffle-n0sg8br1m44k0ryj/daily_run/2023/10/15/63187/"


def content_of(path: str) -> bytes:
    return b"at " + path.encode(errors="surrogatepass")


@pytest.fixture
def quiet_api(world: World) -> World:
    """An API that has nothing for anybody."""
    world.standin.faults.add(GraphqlErrors(on="api:*"))
    return world


@pytest.mark.parametrize(
    "name",
    [
        "schedule name: path",
        "workspace name: long, of four bytes each",
        "command: NUL and control characters",
        "status: empty",
        "no commands",
        "a command that is repeated",
        "the largest ids",
        "first day of the calendar",
        "last day of the calendar",
        "unknown fields",
    ],
)
def test_an_accepted_run_is_archived_or_given_up_without_a_fault(
    quiet_api: World, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    api_url = quiet_api.standin.api_url
    deliver(quiet_api, ACCEPTED[name].replace(EXAMPLE["api_url"].encode(), api_url.encode()))
    quiet_api.drain()
    [record] = quiet_api.records()
    assert record["archive_state"]["S"] in {"archived", "failed"}
    assert '"Faults"' not in capsys.readouterr().out
    assert all(key.startswith(("runs/", "history/v1/day=")) for key in quiet_api.objects())


@pytest.fixture
def listed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A run whose only command leaves a resource of each hostile path behind, archived."""
    monkeypatch.setenv("ARTIFACT_PATTERNS", '["*"]')
    resources = [
        Resource(id=number, path=path, content=content_of(path))
        for number, path in enumerate(HOSTILE_PATHS.values(), start=1)
    ]
    command = Command(id=8001, command="dbt run", return_code=1, resources=resources)
    world.standin.bolt.add(
        Run(
            run_id=800,
            schedule_name="hostile",
            schedule_slug="hostile",
            state="FAILED",
            commands=[command],
        )
    )
    event = json.loads(world.payload())
    event["commands"] = [{"id": 8001, "command": "dbt run", "return_code": 1}]
    world.send(json.dumps(event).encode())
    world.drain()
    return world


def test_hostile_paths_of_the_api_stay_below_the_run_and_are_named_in_its_inventory(
    listed: World,
) -> None:
    objects = listed.objects()
    del objects["history/v1/day=2023-10-15/n0sg8br1m44k0ryj-63187.jsonl.gz"]
    assert all(key.startswith(PREFIX) and len(key.encode()) <= 1024 for key in objects)
    files = json.loads(objects[f"{PREFIX}archive.json"])["files"]
    of_resources = {file["path"]: file["key"] for file in files if file["resource_id"]}
    # Half a surrogate pair is no text that UTF-8 has.
    paths = {path.replace("\ud800", "\ufffd"): path for path in HOSTILE_PATHS.values()}
    assert of_resources.keys() == paths.keys()
    for path, key in of_resources.items():
        assert key.startswith(f"{PREFIX}01-dbt-run-8001/")
        assert objects[key] == content_of(paths[path])
