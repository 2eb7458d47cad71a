"""The rows of a run's results: which there are, what they say, and how large they get."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from functions.rows.of_run import rows
from functions.rows.packed import packed, rows_key
from functions.run.fields import Instant
from functions.run.plan import plan_logs
from tests.archives import Archive, archive_from, archive_of, payload

ROOT = Path(__file__).parents[2]
NODES = 5_000


def unpacked(archive: Archive) -> list[dict[str, Any]]:
    content = packed(rows(archive.event, archive.what_failed(), archive.read_end))
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]


def command(command_id: int, *, failed: bool = True, text: str = "dbt build") -> dict[str, Any]:
    return {
        "id": command_id,
        "command": text,
        "status": "failed" if failed else "succeeded",
        "return_code": int(failed),
        "start_dttm": "2024-05-01 02:01:00.000000",
        "end_dttm": "2024-05-01 02:02:30.500000",
    }


def archive_with(*results: dict[str, Any], **metadata: str) -> Archive:
    archive = archive_from(payload(commands=[command(70)]))
    body = json.dumps({"metadata": metadata, "results": results}).encode()
    archive.put(70, "target/run_results.json", body)
    return archive


def node_row(*results: dict[str, Any]) -> dict[str, Any]:
    """The first row."""
    return unpacked(archive_with(*results))[0]


ORDERS = {"unique_id": "model.shop.orders", "status": "success", "execution_time": 1.23456}


def test_each_node_each_command_and_the_run_have_a_row() -> None:
    found = unpacked(archive_of(63187))
    kinds = [row["type"] for row in found]
    assert kinds.count("run") == 1
    assert kinds.count("command") == len(archive_of(63187).event.commands or ())
    real = json.loads(
        next(
            body
            for key, body in archive_of(63187).objects.items()
            if key.endswith("run_results.json")
        )
    )
    named = {row.get("unique_id") for row in found}
    assert {result["unique_id"] for result in real["results"]} <= named


def test_a_row_says_of_which_run_it_is() -> None:
    archive = archive_of(63187)
    [told] = {
        (row["run_key"], row["workspace_uid"], row["run_id"], row["schedule_name"])
        for row in unpacked(archive)
    }
    event = archive.event
    assert told == (event.run_key, event.workspace.uid, event.id, event.schedule_name)


def test_a_node_has_what_dbt_and_the_warehouse_say_of_it() -> None:
    row = node_row(
        ORDERS
        | {
            "timing": [
                {"name": "execute", "started_at": "2024-05-01T02:01:05.500000Z"},
                {"name": "compile", "started_at": "2024-05-01T02:01:05.250000Z"},
            ],
            "adapter_response": {"rows_affected": 12, "bytes_processed": 4096, "_message": "OK"},
        }
    )
    told = {name: row[name] for name in ("type", "status", "started_at", "seconds", "healed")}
    assert told == {
        "type": "model",
        "status": "success",
        "started_at": "2024-05-01T02:01:05.250000Z",
        "seconds": 1.235,
        "healed": False,
    }
    assert (row["rows_affected"], row["bytes"]) == (12, 4096)
    assert (row["command_index"], row["command"]) == (1, "dbt build")


def test_a_test_that_found_rows_has_their_number() -> None:
    row = node_row({"unique_id": "test.shop.unique_id.1234567890", "status": "fail", "failures": 3})
    assert (row["type"], row["status"], row["failures"]) == ("test", "fail", 3)


def test_a_microbatch_model_has_its_batches() -> None:
    batches = {"successful": [["a", "b"], ["b", "c"]], "failed": [["c", "d"]]}
    row = node_row(ORDERS | {"status": "partial success", "batch_results": batches})
    assert (row["batches"], row["failed_batches"]) == (3, 1)


@pytest.mark.parametrize(
    ("unique_id", "status", "canonical"),
    [
        ("test.shop.a", "pass", "success"),
        ("test.shop.a", "Pass", "success"),
        ("model.shop.a", "warn", "success"),
        ("test.shop.a", "warn", "warn"),
        ("model.shop.a", "RuntimeError", "runtime error"),
        ("exposure.shop.a", "no-op", "no-op"),
    ],
)
def test_statuses_are_spelled_in_one_way(unique_id: str, status: str, canonical: str) -> None:
    assert node_row({"unique_id": unique_id, "status": status})["status"] == canonical


def test_what_had_nothing_to_do_was_not_skipped() -> None:
    row = node_row({"unique_id": "model.shop.a", "status": "skipped", "message": "Skipped"})
    assert row["status"] == "no-op"


def test_a_source_is_a_row() -> None:
    archive = archive_from(payload(commands=[command(70, text="dbt source freshness")]))
    source = {"unique_id": "source.shop.raw.orders", "status": "error", "max_loaded_at": "2024"}
    archive.put(70, "target/sources.json", json.dumps({"results": [source]}).encode())
    row = unpacked(archive)[0]
    assert (row["type"], row["status"]) == ("source", "error")
    assert "Stale" in row["reason"]


def test_a_command_without_results_has_a_row_with_the_reason() -> None:
    archive = archive_from(payload(commands=[command(70, text="dbt deps")]))
    [_, stderr] = plan_logs("", archive.event, (archive.event.commands or ())[0])
    archive.add(stderr, b"Error: package dbt_utils was not found in the package index")
    first, run = unpacked(archive)
    assert (first["type"], first["status"], first["seconds"]) == ("command", "error", 90.5)
    assert "dbt_utils was not found" in first["reason"]
    assert run["reason"] == first["reason"]
    assert (run["type"], run["status"], run["failures"]) == ("run", "failed", 1)


def test_results_of_another_invocation_are_no_rows_of_the_command() -> None:
    archive = archive_with(ORDERS, generated_at="2023-01-01T00:00:00Z")
    assert [row["type"] for row in unpacked(archive)] == ["command", "run"]


def test_a_node_that_a_later_command_brought_to_success_is_healed() -> None:
    archive = archive_from(payload(commands=[command(70), command(71, failed=False)]))
    for command_id, status in ((70, "error"), (71, "success")):
        body = json.dumps({"results": [ORDERS | {"status": status}]}).encode()
        archive.put(command_id, "target/run_results.json", body)
    nodes = [row for row in unpacked(archive) if row["type"] == "model"]
    assert [(row["status"], row["healed"]) for row in nodes] == [
        ("error", True),
        ("success", False),
    ]


def test_reasons_that_differ_in_names_have_one_fingerprint() -> None:
    broken = [
        {
            "unique_id": f"model.shop.{name}",
            "status": "error",
            "message": f"Database Error\n  relation {name} of query 01b2-{number} is missing",
        }
        for number, name in enumerate(("orders", "payments"))
    ]
    one, two = unpacked(archive_with(*broken))[:2]
    assert one["reason"] != two["reason"]
    assert one["fingerprint"] == two["fingerprint"]


def test_a_test_that_fails_has_the_same_fingerprint_in_each_run() -> None:
    failing = {"unique_id": "test.shop.unique_id.1234567890", "status": "fail", "failures": 3}
    first = archive_with(failing)
    later = archive_from(payload(id=2, commands=[command(99)]))
    later.put(99, "target/run_results.json", json.dumps({"results": [failing]}).encode())
    assert unpacked(first)[0]["fingerprint"] == unpacked(later)[0]["fingerprint"]


def test_no_credential_of_a_command_is_in_a_row() -> None:
    secret = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"
    archive = archive_from(payload(commands=[command(70, text=f"dbt deps --token {secret}")]))
    assert secret not in json.dumps(unpacked(archive))


def test_a_result_that_cannot_be_read_costs_no_other() -> None:
    found = unpacked(archive_with({"status": 7}, ORDERS))
    assert [row["type"] for row in found] == ["model", "command", "run"]


def test_the_object_is_the_same_each_time() -> None:
    archive = archive_of(63187)
    failed = archive.what_failed()
    one, two = (packed(rows(archive.event, failed, archive.read_end)) for _ in range(2))
    assert one == two
    # Neither a time nor a name in gzip's header: https://www.rfc-editor.org/rfc/rfc1952
    assert one[3:8] == bytes(5)


def test_the_key_has_the_day_of_the_start() -> None:
    event = archive_of(63187).event
    late = msgspec.structs.replace(event, start_dttm=Instant.from_json("2024-05-01T23:59:59"))
    early = msgspec.structs.replace(event, start_dttm=Instant.from_json("0001-01-01T00:00:00"))
    assert rows_key(early).startswith("history/v1/day=0001-01-01/")
    assert rows_key(late) == f"history/v1/day=2024-05-01/{event.workspace.uid}-63187.jsonl.gz"


def test_a_run_of_thousands_of_nodes_is_small_and_written_in_bounded_memory() -> None:
    """In a process of its own, whose memory cannot grow by more than 64 MiB."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.unit.rows_of_many_nodes", str(NODES)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert int(run.stdout) <= 40 * NODES
