"""Which results count as a command's own."""

import json
from typing import Any

import pytest

from tests.archives import archive_from, payload

MODEL = "model.demo.orders"
BEGAN = "2024-05-01 02:01:00.000000"


def results(unique_id: str = MODEL, status: str = "error", **metadata: str) -> bytes:
    row = {"unique_id": unique_id, "status": status, "message": "it broke"}
    return json.dumps({"metadata": metadata, "results": [row]}).encode()


def command(command_id: int, text: str) -> dict[str, Any]:
    return {
        "id": command_id,
        "command": text,
        "status": "failed",
        "return_code": 1,
        "start_dttm": BEGAN,
    }


def failing(text: str, path: str, body: bytes) -> list[str]:
    archive = archive_from(payload(commands=[command(70, text)]))
    archive.put(70, path, body)
    return [finding.unique_id for finding in archive.what_failed().failures]


@pytest.mark.parametrize(
    "text",
    [
        "dbt build --state prod_state",
        "dbt build --state=./prod_state/ --defer",
        "dbt build --select state:modified+ --defer-state 'prod_state'",
        'dbt build --defer --defer-state="prod_state"',
        "DBT_STATE=prod_state dbt build -s state:modified",
        "DBT_DEFER_STATE=prod_state dbt build --defer",
        "cd jaffle && dbt build --state prod_state; echo done",
    ],
)
@pytest.mark.parametrize("folder", ["prod_state", "jaffle/prod_state"])
def test_a_folder_to_compare_with_holds_anothers(text: str, folder: str) -> None:
    assert failing(text, f"{folder}/run_results.json", results()) == ["command 1"]


def test_a_folder_to_compare_with_may_be_absolute() -> None:
    text = "dbt build --state /app/repo/prod_state"
    assert failing(text, "prod_state/run_results.json", results()) == ["command 1"]
    assert failing(text, "repo/prod_state/run_results.json", results()) == ["command 1"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("dbt build --state /prod/target", "target/run_results.json"),
        ("dbt build --state ../prod/target", "target/run_results.json"),
        ("dbt build --target-path out", "out/run_results.json"),
        ("dbt build", "a/folder/of/its/own/run_results.json"),
        ("dbt build --state prod_state", "target/run_results.json"),
        ("dbt build --state prod_state", "run_results.json"),
        ("dbt build --state prod_state", "not_prod_state/run_results.json"),
        ("dbt build --select result:error+ --state target", "target/run_results.json"),
        ("dbt build --state out --target-path out", "out/run_results.json"),
    ],
)
def test_any_other_folder_holds_its_own(text: str, path: str) -> None:
    assert failing(text, path, results()) == [MODEL]


@pytest.mark.parametrize(
    ("generated_at", "own"),
    [
        ("2024-05-01T02:05:00.123456Z", True),
        ("2024-05-01T01:56:01Z", True),
        ("2024-05-01T01:55:59Z", False),
        ("2024-05-01T01:55:59.123456789Z", False),
        ("2023-01-01T00:00:00+00:00", False),
        ("yesterday", True),
    ],
)
def test_what_was_made_five_minutes_before_it_began_is_anothers(
    generated_at: str, own: bool
) -> None:
    body = results(generated_at=generated_at)
    expected = [MODEL] if own else ["command 1"]
    assert failing("dbt build", "target/run_results.json", body) == expected


def test_what_an_earlier_invocation_left_is_that_ones() -> None:
    archive = archive_from(payload(commands=[command(70, "dbt build"), command(71, "dbt test")]))
    archive.put(70, "target/run_results.json", results(invocation_id="one"))
    archive.put(71, "target/run_results.json", results(invocation_id="one") + b"\n")
    found = [(finding.unique_id, finding.command_id) for finding in archive.what_failed().failures]
    assert found == [("command 2", 71), (MODEL, 70)]


def test_a_folder_that_another_command_compares_with_is_none_of_this_ones() -> None:
    commands = [command(70, "dbt build --state prod_state"), command(71, "dbt test")]
    archive = archive_from(payload(commands=commands))
    for command_id in (70, 71):
        archive.put(command_id, "prod_state/run_results.json", results())
    found = [finding.unique_id for finding in archive.what_failed().failures]
    assert found == ["command 1", "command 2"]


def test_results_that_a_later_command_compares_with_are_those_of_their_maker() -> None:
    commands = [command(70, "dbt build"), command(71, "dbt build --state target --target-path x")]
    archive = archive_from(payload(commands=commands))
    archive.put(70, "target/run_results.json", results())
    archive.put(71, "target/run_results.json", results())
    found = [(finding.unique_id, finding.command_id) for finding in archive.what_failed().failures]
    assert found == [("command 2", 71), (MODEL, 70)]


def test_a_manifest_of_an_earlier_day_still_tells() -> None:
    archive = archive_from(payload(commands=[command(70, "dbt build")]))
    archive.put(70, "target/run_results.json", results(generated_at="2024-05-01T02:05:00Z"))
    manifest = {
        "metadata": {"generated_at": "2023-01-01T00:00:00Z"},
        "nodes": {MODEL: {"original_file_path": "models/orders.sql"}},
    }
    archive.put(70, "target/manifest.json", json.dumps(manifest).encode())
    [finding] = archive.what_failed().failures
    assert finding.path == "models/orders.sql"
