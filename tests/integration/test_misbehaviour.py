"""Whatever Paradime does: what can be had is stored, and what comes later is stored later."""

import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from functions.fetch.api import MAX_FAILURES, MAX_PROBES
from functions.fetch.files import WORKERS
from functions.paradime import session, watchdog
from local.standin import Standin
from local.standin.content import Content
from local.standin.credentials import DEFAULT_CREDENTIALS, Credentials
from local.standin.data import Command, Resource, Run
from local.standin.faults import AnyFault, GraphqlErrors, NotOk, Redirect, Status
from tests.integration.misbehaviour import (
    ALL_OF_THE_API,
    BAD,
    DOWNLOAD,
    FILES,
    HANGS,
    LINK,
    MANIFEST,
    OUTAGE,
    REFUSES,
    ROTATED,
    ROWS,
    Row,
    Scene,
    table,
)
from tests.integration.world import MAX_RECEIVES, Context, Item, World

RUN_KEY = "n0sg8br1m44k0ryj#710"
OWN_FILES = {"event.json", "archive.json", "failures.json", "index.html"}
ENDED = datetime(2023, 10, 15, 16, 44, 39, tzinfo=UTC)
RELIABILITY = Path(__file__).parents[2] / "docs" / "reliability.md"


def small_run(content: Content = MANIFEST, resources: int = 2) -> Run:
    """Two commands; the second has the bad resource, and good ones."""
    good = [
        Resource(id=71020 + number, path=f"target/good_{number}.json", content=b"{}")
        for number in range(resources)
    ]
    bad = Resource(id=BAD, path="target/manifest.json", content=content)
    return Run(
        run_id=710,
        schedule_name="small",
        schedule_slug="small",
        state="FAILED",
        commands=[
            Command(id=7101, command="dbt deps", stdout="1", stderr=""),
            Command(id=7102, command="dbt run", return_code=1, stdout="2", resources=[bad, *good]),
        ],
    )


def delivery(world: World, run: Run, ended: datetime = ENDED) -> bytes:
    """The payload of a run; `commands` and resources as the stand-in has them."""
    event = json.loads(world.payload())
    event |= {"id": run.run_id, "schedule_name": run.schedule_name}
    event["end_dttm"] = f"{ended:%Y-%m-%d %H:%M:%S.%f}"
    event["commands"] = [
        event["commands"][-1]
        | {
            "id": command.id,
            "command": command.command,
            "return_code": command.return_code,
            "json_resources": [
                {"id": resource.id, "path": resource.path} for resource in command.resources
            ],
        }
        for command in run.commands
    ]
    return json.dumps(event).encode()


@dataclass
class Seen:
    """The record and the objects after the first receive, and how often something was asked."""

    record: Item
    objects: dict[str, bytes]
    operations: Counter[str]


def play(world: World, body: bytes, recover: Callable[[], object]) -> tuple[int, Seen]:
    """Delivers a run and receives it until it is done; Paradime recovers after the first time."""
    assert world.send(body)["statusCode"] == 202
    contexts = 0
    seen: list[Seen] = []

    def look() -> None:
        record = world.record(RUN_KEY)
        assert record is not None
        asked = Counter(name for one in world.standin.requests for name in one.operations)
        seen.append(Seen(record, world.objects(), asked))

    def new_context() -> Context:
        nonlocal contexts
        contexts += 1
        if contexts == 2:
            look()
            recover()
        return Context()

    receives = world.drain(new_context)
    if not seen:
        look()
    return receives, seen[0]


@pytest.fixture
def scene(world: World) -> Iterator[Scene]:
    with socket.socket() as hole, Standin(runs=[small_run()]) as elsewhere:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        address = hole.getsockname()
        with socket.create_connection(address), fill(address):
            world.standin.bolt.add(small_run())
            yield Scene(
                black_hole=f"http://127.0.0.1:{address[1]}",
                link=link_to_bad(world.standin),
                link_elsewhere=link_to_bad(elsewhere),
            )


def fill(address: tuple[str, int]) -> socket.socket:
    """One more connection than the queue of a port takes: the next ones hear nothing."""
    more = socket.socket()
    more.setblocking(False)
    more.connect_ex(address)
    return more


def link_to_bad(standin: Standin) -> str:
    answer = requests.post(
        standin.api_url,
        json={"query": f"{{boltResourceUrl(resourceId: {BAD}) {{url}}}}"},
        headers={
            "X-API-KEY": DEFAULT_CREDENTIALS.api_key,
            "X-API-SECRET": DEFAULT_CREDENTIALS.api_secret,
        },
        timeout=5,
    )
    standin.requests.clear()
    return str(answer.json()["data"]["boltResourceUrl"]["url"])


@pytest.fixture
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(watchdog, "READ_SECONDS", 2.0)


@pytest.fixture
def one_mebibyte(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setenv("MAX_ARTIFACT_MIB", "1")


def metrics(output: str) -> Counter[str]:
    """The sums of all metrics that were written in CloudWatch's embedded format."""
    sums: Counter[str] = Counter()
    for line in output.splitlines():
        if line.startswith("{") and "_aws" in (blob := json.loads(line)):
            for directive in blob["_aws"]["CloudWatchMetrics"]:
                for metric in directive["Metrics"]:
                    values = blob[metric["Name"]]
                    sums[metric["Name"]] += int(
                        sum(values if isinstance(values, list) else [values])
                    )
    return sums


def inventory(world: World) -> dict[str, Any]:
    [listing] = [body for key, body in world.objects().items() if key.endswith("archive.json")]
    return dict(json.loads(listing))


def named(objects: dict[str, bytes], path: str) -> list[bytes]:
    return [body for key, body in objects.items() if key.endswith(path)]


def delays(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [
        record.__dict__["delay_seconds"]
        for record in caplog.records
        if "delay_seconds" in record.__dict__
    ]


def assert_others_are_stored(objects: dict[str, bytes]) -> None:
    """Both commands' logs and the two good resources."""
    assert sorted(named(objects, "stdout.log")) == [b"1", b"2"]
    assert named(objects, "target/good_0.json") == named(objects, "target/good_1.json") == [b"{}"]


@pytest.mark.usefixtures("one_mebibyte")
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_of(
    row: Row,
    world: World,
    scene: Scene,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if row.times_out:
        request.getfixturevalue("short_times")
    run, outcome = small_run(row.content), row.then.value
    world.standin.bolt.add(run)
    world.standin.faults.add(*row.faults(scene))
    body = delivery(world, run, datetime.now(UTC) if row.just_ended else ENDED)
    receives, first = play(world, body, world.standin.faults.clear)

    # An API that asks to wait is asked nothing more: what was not asked by then comes later.
    asks_to_wait = row.wait > 30 and row.operation.startswith("api:")
    assert_others_are_stored(world.objects() if asks_to_wait else first.objects)
    assert first.operations[row.operation] == row.asked
    if outcome.waits:
        assert receives == 2
        assert first.record["archive_state"] == "incomplete"
        assert row.says in first.record["archive_error"]
        assert row.wait <= delays(caplog)[0] <= max(row.wait, 30)
        assert named(first.objects, "target/manifest.json") == []
    else:
        assert receives == 1

    record = world.record(RUN_KEY)
    assert record is not None
    assert record["archive_state"] == outcome.state
    assert "archive_error" not in record
    listing = inventory(world)
    stored = [row.stored] if outcome.stored else []
    assert named(world.objects(), "target/manifest.json") == stored
    assert len(listing["files"]) == record["artifact_count"] == FILES - (not outcome.stored)
    assert [missing["resource_id"] for missing in listing["missing"]] == [BAD] * (
        not outcome.stored
    )
    assert all(row.says in missing["reason"] for missing in listing["missing"])
    assert_shows(row, metrics(capsys.readouterr().out))


def on_port(body: bytes, port: int) -> bytes:
    """The same payload with an API on another port of loopback."""
    event = json.loads(body)
    event["api_url"] = f"http://127.0.0.1:{port}/api/v1/uany7edagtovarzx/graphql"
    return json.dumps(event).encode()


def assert_shows(row: Row, emitted: Counter[str]) -> None:
    expected = dict.fromkeys(["RunsToTryAgain", "RunsGivenUp", "FilesMissing", "Faults"], 0)
    expected |= row.then.value.metrics
    assert {name: emitted[name] for name in expected} == expected


def assert_outage(world: World, row: Row, first: Seen, receives: int) -> None:
    """Only what is known without the API is stored during an outage, and nothing is lost by it."""
    assert receives == 2
    assert {key.rpartition("/")[2] for key in first.objects} == OWN_FILES
    assert first.record["archive_state"] == "incomplete"
    assert row.says in first.record["archive_error"]
    record = world.record(RUN_KEY)
    assert record is not None
    assert (record["archive_state"], record["missing_count"]) == ("archived", 0)


def test_of_an_outage_of_the_api(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run = small_run()
    world.standin.bolt.add(run)
    world.standin.faults.add(Status(on=OUTAGE.operation, status=503))
    receives, first = play(world, delivery(world, run), world.standin.faults.clear)
    assert_outage(world, OUTAGE, first, receives)
    assert_shows(OUTAGE, metrics(capsys.readouterr().out))


def test_an_api_that_is_down_is_not_asked_for_each_file(world: World) -> None:
    many = small_run(resources=100)
    world.standin.bolt.add(many)
    world.standin.faults.add(Status(on=OUTAGE.operation, status=400))
    _, first = play(world, delivery(world, many), world.standin.faults.clear)
    assert first.operations.total() <= MAX_FAILURES + MAX_PROBES + WORKERS


def test_an_api_that_asks_to_wait_is_not_asked_on(world: World) -> None:
    many = small_run(resources=100)
    world.standin.bolt.add(many)
    busy = Status(on=OUTAGE.operation, status=429, headers={"Retry-After": "60"})
    world.standin.faults.add(busy)
    _, first = play(world, delivery(world, many), world.standin.faults.clear)
    assert first.operations.total() <= len(many.commands)


@pytest.mark.usefixtures("short_times")
def test_of_an_api_that_takes_no_connection(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as hole, ExitStack() as later:
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        port = hole.getsockname()[1]
        waiting = [fill(("127.0.0.1", port)) for _ in range(2)]

        def recover() -> None:
            for connection in (*waiting, hole):
                connection.close()
            later.enter_context(Standin(runs=[small_run()], port=port))

        body = on_port(delivery(world, small_run()), port)
        receives, first = play(world, body, recover)
    assert_outage(world, HANGS, first, receives)
    assert_shows(HANGS, metrics(capsys.readouterr().out))


def test_of_an_api_that_refuses_connections(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as nobody, ExitStack() as later:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]

        def recover() -> None:
            nobody.close()
            later.enter_context(Standin(runs=[small_run()], port=port))

        body = on_port(delivery(world, small_run()), port)
        receives, first = play(world, body, recover)
    assert_outage(world, REFUSES, first, receives)
    assert_shows(REFUSES, metrics(capsys.readouterr().out))


def test_of_credentials_that_were_rotated(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.send(world.payload("run_completed_clone"))
    world.drain()  # so that the old ones are in the cache
    new = Credentials(api_key="another-key", api_secret="another-secret")
    world.standin.credentials = new
    boto3.client("secretsmanager").put_secret_value(
        SecretId="api",
        SecretString=json.dumps(
            {"default": {"api_key": new.api_key, "api_secret": new.api_secret}}
        ),
    )
    run = small_run()
    world.standin.bolt.add(run)
    capsys.readouterr()
    receives, first = play(world, delivery(world, run), lambda: None)
    assert_shows(ROTATED, metrics(capsys.readouterr().out))
    assert receives == 1
    assert first.record["archive_state"] == ROTATED.then.value.state
    assert first.record["artifact_count"] == FILES


def test_a_redirecting_api_sends_nobody_our_credentials(world: World) -> None:
    run = small_run()
    world.standin.bolt.add(run)
    with Standin(runs=[run]) as elsewhere:
        world.standin.faults.add(Redirect(on=ALL_OF_THE_API, to=elsewhere.api_url))
        play(world, delivery(world, run), world.standin.faults.clear)
        assert not list(elsewhere.requests)


def test_what_is_not_there_yet_is_asked_for_until_it_is(world: World) -> None:
    run = small_run()
    world.standin.bolt.add(run)
    world.standin.faults.add(NotOk(on=LINK, times=2))
    receives, _ = play(world, delivery(world, run, datetime.now(UTC)), lambda: None)
    record = world.record(RUN_KEY)
    assert receives == 3
    assert record is not None
    assert (record["archive_state"], record["artifact_count"]) == ("archived", FILES)


def test_delays_grow(world: World, caplog: pytest.LogCaptureFixture) -> None:
    run = small_run()
    world.standin.bolt.add(run)
    world.standin.faults.add(NotOk(on=LINK, times=3))
    play(world, delivery(world, run, datetime.now(UTC)), lambda: None)
    assert [24 <= delays(caplog)[0] <= 30, 48 <= delays(caplog)[1] <= 60] == [True, True]
    assert 96 <= delays(caplog)[2] <= 120


@pytest.mark.parametrize(
    ("fault", "says", "came"),
    [
        pytest.param(
            Status(on=LINK, status=404), "Paradime's API answered 404", FILES - 1, id="a link"
        ),
        pytest.param(
            Status(on=DOWNLOAD, status=403), "the link was refused", FILES - 1, id="a download"
        ),
        pytest.param(
            GraphqlErrors(on="api:boltCommand:7101"), "Internal server error", FILES - 2, id="logs"
        ),
        pytest.param(
            Status(on=ALL_OF_THE_API, status=404), "Paradime's API answered 404", 0, id="everything"
        ),
    ],
)
def test_what_never_comes_is_given_up_and_the_rest_is_kept(
    world: World, capsys: pytest.CaptureFixture[str], fault: AnyFault, says: str, came: int
) -> None:
    run = small_run()
    world.standin.bolt.add(run)
    world.standin.faults.add(fault)
    receives, _ = play(world, delivery(world, run), lambda: None)
    assert receives == MAX_RECEIVES
    record = world.record(RUN_KEY)
    assert record is not None
    assert record["archive_state"] == "failed"
    assert says in record["archive_error"]
    listing = inventory(world)
    assert len(listing["files"]) == record["artifact_count"] == came
    assert len(listing["missing"]) == record["missing_count"] == FILES - came
    assert all(says in missing["reason"] for missing in listing["missing"])
    assert len(world.messages("dead-letters")) == 1
    emitted = metrics(capsys.readouterr().out)
    assert (emitted["RunsToTryAgain"], emitted["RunsGivenUp"]) == (MAX_RECEIVES - 1, 1)


def test_a_run_that_was_given_up_is_archived_when_its_pointer_is_sent_again(world: World) -> None:
    run = small_run()
    world.standin.bolt.add(run)
    world.standin.faults.add(Status(on=DOWNLOAD, status=403))
    play(world, delivery(world, run), lambda: None)
    [pointer] = world.messages("dead-letters")
    world.standin.faults.clear()
    world.standin.requests.clear()
    world.sqs.send_message(QueueUrl=world.queues["runs"], MessageBody=pointer)
    world.drain()
    record = world.record(RUN_KEY)
    assert record is not None
    assert (record["archive_state"], record["artifact_count"]) == ("archived", FILES)
    assert "archive_error" not in record
    assert world.standin.requests.count("download:*") == 1


def test_a_lone_surrogate_in_a_console_log_costs_itself(world: World) -> None:
    run = small_run()
    run = replace(run, commands=[replace(run.commands[0], stdout="a\ud800b"), run.commands[1]])
    world.standin.bolt.add(run)
    _, first = play(world, delivery(world, run), lambda: None)
    assert first.record["archive_state"] == "archived"
    assert "a\N{REPLACEMENT CHARACTER}b".encode() in named(first.objects, "stdout.log")


def test_the_document_shows_the_rows_that_are_tested() -> None:
    shown = RELIABILITY.read_text(encoding="utf-8")
    assert table() in shown, f"docs/reliability.md needs this table:\n{table()}"
