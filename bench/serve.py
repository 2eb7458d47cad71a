"""`bolt-archive serve` on the local stack: a page that lists a thousand runs."""

import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

from bench.row import Row
from cli.serve.routes import schedule_address
from cli.serve.server import Server
from cli.serve.site import Site
from cli.stack.target import Target, local_target
from functions.run import instants
from functions.run.record import index_key
from local.stack.stack import local_stack

RUNS = 1_000
ROUNDS = 15
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def rows() -> Iterator[Row]:
    with (
        tempfile.TemporaryDirectory() as folder,
        local_stack(Path(folder), say=lambda _: None),
    ):
        target = local_target(Path(folder) / "outputs.json")
        _add_runs(target)
        milliseconds = _time_page(target)
    yield Row(
        what=f"serve: a schedule's page of {RUNS:,} runs, local stack",
        ours=f"{milliseconds:.0f} ms",
        floor="",
        value=milliseconds,
        goal=300,
        unit=" ms",
    )


def _add_runs(target: Target) -> None:
    with target.runs.batch_writer() as batch:
        for number in range(RUNS):
            start = FIRST + timedelta(hours=number)
            failed = number % 10 == 0
            item = {
                "run_key": f"w1#{number}",
                "workspace_uid": "w1",
                "schedule_key": index_key("w1", "hourly"),
                "schedule_name": "hourly",
                "run_id": number,
                "state": "failed" if failed else "succeeded",
                "started_at": instants.to_text(start),
                "ended_at": instants.to_text(start + timedelta(minutes=5)),
                "duration_seconds": 300,
                "branch": "main",
            }
            if failed:
                node = {"unique_id": "model.a.orders", "status": "error", "message": "no column"}
                item |= {"failures": [node], "failure_count": 1}
            batch.put_item(Item=item)


def _time_page(target: Target) -> float:
    """The median of what a browser waits for, in milliseconds."""
    with Server(Site(target)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}{schedule_address('w1', 'hourly')}"
        request = Request(address, headers={"Cookie": server.guard.cookie.partition(";")[0]})
        took = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            with urlopen(request) as answer:  # noqa: S310
                assert answer.read().count(b"<li") > RUNS
            took.append((time.perf_counter() - begun) * 1000)
        server.shutdown()
    return median(took)
