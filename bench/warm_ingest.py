"""CPU of one warm delivery, against verifying, parsing and the same AWS calls and nothing else."""

import copy
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore import xform_name
from standardwebhooks import Webhook

from bench.aws import FakeAws
from bench.environment import ROOT, SECRET, SECRETS, Context, delivery, set_environment
from bench.measure import in_turn
from bench.row import Row

BIG_COMMANDS = 2000


def rows() -> Iterator[Row]:
    set_environment()
    small = (ROOT / "events" / "run_completed.json").read_bytes()
    big = big_payload(small)
    for what, body, repeat, goal in (
        (f"one warm delivery, {len(small) / 1024:.0f} KB", small, 100, 1.5),
        (f"one warm delivery, {len(big) / 1024:.0f} KB, {BIG_COMMANDS} commands", big, 4, 2.0),
    ):
        ours, calls = _ours(body)
        floor = _floor(body, calls)
        pair = in_turn(
            partial(_cpu, ours, repeat),
            partial(_cpu, floor, repeat),
            rounds=25,
            warmups=3,
        )
        yield Row(
            what=f"ingest: CPU of {what}",
            ours=f"{pair.ours.median() * 1000:.2f} ms",
            floor=f"{pair.floor.median() * 1000:.2f} ms, verify, json.loads, the same calls",
            value=pair.ratio,
            goal=goal,
        )


def big_payload(small: bytes) -> bytes:
    """The vendor's example with 2,000 commands, about 1 MiB."""
    payload = json.loads(small)
    command = payload["commands"][-1]
    payload["commands"] = [_copy_of(command, number) for number in range(BIG_COMMANDS)]
    return json.dumps(payload).encode()


def _copy_of(command: dict[str, Any], number: int) -> dict[str, Any]:
    copied = copy.deepcopy(command)
    copied["id"] += number
    copied["json_resources"] = []
    return copied


def _ours(body: bytes) -> tuple[Callable[[], Any], list[tuple[str, dict[str, Any]]]]:
    """A warm delivery, and the AWS calls that it makes."""
    from functions.ingest.handler import handler, receiver

    event = delivery(body)
    calls: list[tuple[str, dict[str, Any]]] = []

    def run() -> Any:
        return handler(event, Context())

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, dict(params)))

    with _unprinted():
        FakeAws(SECRETS).install(note)
        receiver.cache_clear()
        run()  # reads the secret, notes the workspace
        calls.clear()
        assert run()["statusCode"] == 202
        noted = list(calls)
        FakeAws(SECRETS).install()
        receiver.cache_clear()
        run()
    return run, noted


def _floor(body: bytes, calls: list[tuple[str, dict[str, Any]]]) -> Callable[[], Any]:
    webhook = Webhook(SECRET)
    clients: dict[str, Any] = {"SendMessage": boto3.client("sqs")}
    clients |= dict.fromkeys(("GetItem", "PutItem", "UpdateItem"), boto3.client("dynamodb"))
    event = delivery(body)
    headers = {name.replace("svix-", "webhook-"): value for name, value in event["headers"].items()}

    def run() -> None:
        raw = event["body"].encode()
        webhook.verify(raw, headers, json_parse=False)
        json.loads(raw)
        for operation, parameters in calls:
            getattr(clients[operation], xform_name(operation))(**parameters)

    run()
    return run


def _cpu(run: Callable[[], Any], times: int) -> float:
    with _unprinted():
        begun = time.process_time()
        for _ in range(times):
            run()
        return (time.process_time() - begun) / times


@contextmanager
def _unprinted() -> Iterator[None]:
    """What is measured is not the terminal."""
    with Path(os.devnull).open("w") as null, redirect_stdout(null):
        yield
