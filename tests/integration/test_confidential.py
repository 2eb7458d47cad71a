"""Credentials in an error of Paradime's API, in a log or in a result are told to nobody."""

import json
import logging

import boto3
import pytest

from local.standin.credentials import DEFAULT_CREDENTIALS
from local.standin.data import Command, Resource, Run
from local.standin.faults import GraphqlErrors
from tests.integration import small_run
from tests.integration.world import World


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "403 Client Error: Forbidden for url: https://store.example/file?X-Sig=0penSesame",
            "Forbidden for url: https://store.example/file…",
        ),
        (
            'no {"url":"https://store.example/a?s=0penSesame","or":"https://b?s=0penSesame"}',
            'no {"url":"https://store.example/a…',
        ),
        ("cannot clone https://bot:0penSesame@git.example/a", "cannot clone https://…git.example"),
        (f"unknown key {DEFAULT_CREDENTIALS.api_key}", "unknown key …"),
        (f"bad secret '{DEFAULT_CREDENTIALS.api_secret}'", "bad secret '…'"),
    ],
)
def test_an_error_of_the_api_is_told_without(
    world: World, caplog: pytest.LogCaptureFixture, said: str, told: str
) -> None:
    """Neither in a log nor in the record, the inventory or the page, once the run is given up."""
    caplog.set_level(logging.INFO)
    world.standin.faults.add(GraphqlErrors(on="api:boltResourceUrl:*", message=said))
    world.send(world.payload())
    world.drain()
    record = world.record()
    assert record is not None
    assert told in record["archive_error"]
    logged = " ".join(str(vars(line)) for line in caplog.records)
    assert told in logged
    stored = b" ".join(world.objects().values()).decode(errors="replace")
    for secret in ("0penSesame", DEFAULT_CREDENTIALS.api_key, DEFAULT_CREDENTIALS.api_secret):
        assert secret not in f"{record} {logged} {stored}"


CLONE = "fatal: could not read from https://oauth2:0penSesame@git.example/a/b.git"
KEY = "-----BEGIN PRIVATE KEY-----\n0penSesame0penSesame0penSesame\n-----END PRIVATE KEY-----"
RESULTS = {
    "results": [
        {
            "unique_id": "model.demo.orders",
            "status": "error",
            "message": f"Database Error in model a (a.sql)\n  {CLONE}\n  {KEY}\n  Pwd=0penSesame;",
            "compiled_code": "copy x from 's3://b' credentials 'aws_secret_access_key=0penSesame'",
        }
    ]
}


def test_a_secret_in_a_log_or_a_result_is_stored_as_served_and_told_nowhere(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    inbox = world.sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = world.sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])
    boto3.client("sns").subscribe(
        TopicArn=world.topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
    )
    world.queues["inbox"] = inbox
    results = Resource(id=70021, path="run_results.json", content=json.dumps(RESULTS).encode())
    log = f"{CLONE}\n{KEY}\nAuthorization: Bearer 0penSesame\n"
    run = Run(
        run_id=small_run.RUN_ID,
        schedule_name="small",
        schedule_slug="small",
        state="FAILED",
        commands=[
            Command(id=7001, command="git clone", stderr=log, return_code=1),
            Command(id=7002, command="dbt run", stdout=log, return_code=1, resources=[results]),
        ],
    )
    world.standin.bolt.add(run)
    clone = "git clone https://oauth2:0penSesame@git.example/a/b.git --token 0penSesame"
    commands = [
        {"id": 7001, "command": clone, "return_code": 1, "status": "failed"},
        {"id": 7002, "command": "dbt run", "return_code": 1, "status": "failed"}
        | {"json_resources": [{"id": 70021, "path": "run_results.json"}]},
    ]
    world.send(
        small_run.completed(
            world.standin.api_url, commands=commands, error_string="token=0penSesame"
        )
    )
    world.drain()
    record = world.record(small_run.RUN_KEY)
    assert record is not None
    assert record["archive_state"] == "archived"
    objects = world.objects()
    own = ("index.html", "failures.json", "archive.json")
    told = [body for key, body in objects.items() if key.endswith(own)]
    [message] = world.messages("inbox")
    del record["event_gz"]
    logged = " ".join(str(vars(line)) for line in caplog.records)
    assert "0penSesame" not in f"{told} {record} {message} {logged} {list(objects)}"
    assert "git.example" in message
    stored = [body.decode() for key, body in objects.items() if key.endswith("stderr.log")]
    assert log in stored
