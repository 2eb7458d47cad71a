"""One message a failed run on its topic, as a queue that subscribes to it receives it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import boto3
import pytest

from functions.aws.table import RunsTable
from tests.integration.world import Context, World, forget_clients

ALL = "everyone"


@dataclass
class Inbox:
    """Queues that are subscribed to the topic."""

    world: World

    def subscribe(self, name: str, **attributes: str) -> None:
        url = self.world.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.world.queues[name] = url
        arn = self.world.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        boto3.client("sns").subscribe(
            TopicArn=self.world.topic,
            Protocol="sqs",
            Endpoint=arn["Attributes"]["QueueArn"],
            Attributes=attributes,
        )

    def envelopes(self, name: str = ALL) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.world.messages(name)]

    def contents(self) -> list[dict[str, Any]]:
        return [json.loads(found["Message"]) for found in self.envelopes()]

    def archive_states(self) -> list[str]:
        return [json.loads(found["Message"])["archive"]["state"] for found in self.envelopes()]


@pytest.fixture
def inbox(world: World) -> Inbox:
    inbox = Inbox(world)
    inbox.subscribe(ALL)
    return inbox


def payload_with(world: World, **changes: Any) -> bytes:
    return json.dumps(json.loads(world.payload()) | changes).encode()


def queue_again(world: World) -> None:
    """What `bolt-archive replay` does."""
    world.dynamodb.update_item(
        TableName=world.table,
        Key={"run_key": {"S": "n0sg8br1m44k0ryj#63187"}},
        UpdateExpression="SET archive_state = :queued REMOVE archived_rank",
        ExpressionAttributeValues={":queued": {"S": "queued"}},
    )
    world.send(world.payload())
    world.drain()


def test_a_failed_run_is_told_with_what_failed_and_where_its_archive_is(inbox: Inbox) -> None:
    inbox.world.send(inbox.world.payload())
    assert inbox.envelopes() == []
    inbox.world.drain()
    [envelope] = inbox.envelopes()
    assert envelope["Subject"].startswith("demo-jaffle / daily_run failed: ")
    message, record = json.loads(envelope["Message"]), inbox.world.record()
    assert record is not None
    assert message["run"]["run_id"] == 63187
    assert message["failures"][0]["unique_id"] == "model.jaffle.customer_lifetime_value"
    assert message["archive"]["url"].endswith(
        f"?region=eu-west-1&prefix={record['archive_prefix']}"
    )


def test_a_run_that_is_given_up_is_told_with_the_reason(inbox: Inbox) -> None:
    inbox.world.send(payload_with(inbox.world, api_url="https://example.com/graphql"))
    inbox.world.drain()
    [envelope] = inbox.envelopes()
    archive = json.loads(envelope["Message"])["archive"]
    assert archive["state"] == "failed"
    assert "https://example.com/graphql" in archive["error"]


def test_a_run_that_did_not_fail_is_not_told(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIVE", "all")
    inbox.world.send(inbox.world.payload("run_completed_succeeded"))
    inbox.world.drain()
    record = inbox.world.record("n0sg8br1m44k0ryj#63189")
    assert record is not None
    assert record["archive_state"] == "archived"
    assert inbox.envelopes() == []


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(lambda world: world.send(world.payload()), id="delivered again"),
        pytest.param(lambda world: world.send(payload_with(world, news=1)), id="another body"),
        pytest.param(queue_again, id="replayed"),
    ],
)
def test_a_run_is_told_once(inbox: Inbox, again: Callable[[World], object]) -> None:
    inbox.world.send(inbox.world.payload())
    inbox.world.drain()
    again(inbox.world)
    inbox.world.drain()
    assert inbox.archive_states() == ["incomplete"]


def test_a_run_that_is_archived_after_all_is_told_as_such(inbox: Inbox) -> None:
    inbox.world.send(
        payload_with(inbox.world, api_url="https://example.com/graphql", end_dttm=None)
    )
    inbox.world.drain()
    inbox.world.send(inbox.world.payload())
    inbox.world.drain()
    assert [content["metadata"]["eventType"] for content in inbox.contents()] == [
        "run_given_up",
        "run_failed",
    ]
    assert [content.get("update") for content in inbox.contents()] == [None, True]


def test_what_stops_between_message_and_record_tells_again(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: SNS cannot take a message back."""
    write, writes = RunsTable.set_archive, count(1)

    def stop_at_the_first(*arguments: Any, **options: Any) -> None:
        if next(writes) == 1:
            raise RuntimeError("stopped")
        write(*arguments, **options)

    monkeypatch.setattr(RunsTable, "set_archive", stop_at_the_first)
    inbox.world.send(inbox.world.payload())
    inbox.world.drain()
    assert inbox.archive_states() == ["incomplete", "incomplete"]


def use_topic(patch: pytest.MonkeyPatch, arn: str) -> None:
    patch.setenv("FAILED_RUNS_TOPIC_ARN", arn)
    forget_clients()


def test_a_topic_that_cannot_be_reached_is_tried_again(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    receives = count(1)

    def context() -> Context:
        if next(receives) == 2:
            use_topic(monkeypatch, inbox.world.topic)
        return Context()

    inbox.world.send(inbox.world.payload())
    use_topic(monkeypatch, f"{inbox.world.topic}-gone")
    assert inbox.world.drain(context) == 2
    assert len(inbox.envelopes()) == 1


def test_a_topic_that_is_gone_costs_no_archive(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.world.send(inbox.world.payload())
    use_topic(monkeypatch, f"{inbox.world.topic}-gone")
    inbox.world.drain()
    record = inbox.world.record()
    assert record is not None
    assert record["archive_state"] == "archived"


def test_a_run_that_could_not_be_told_waits_among_the_dead_letters_and_is_told_when_redriven(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.world.send(inbox.world.payload())
    use_topic(monkeypatch, f"{inbox.world.topic}-gone")
    inbox.world.drain()
    [pointer] = inbox.world.messages("dead-letters")
    use_topic(monkeypatch, inbox.world.topic)
    inbox.world.sqs.send_message(QueueUrl=inbox.world.queues["runs"], MessageBody=pointer)
    monkeypatch.setattr("functions.aws.table.LONGEST_CLAIM", timedelta(0))
    inbox.world.drain()
    assert len(inbox.envelopes()) == 1


def test_filter_policies_choose_by_schedule(inbox: Inbox) -> None:
    for schedule in ("daily_run", "hourly_run"):
        inbox.subscribe(schedule, FilterPolicy=json.dumps({"schedule": [schedule]}))
    inbox.world.send(inbox.world.payload())
    inbox.world.drain()
    assert len(inbox.envelopes("daily_run")) == 1
    assert inbox.envelopes("hourly_run") == []
