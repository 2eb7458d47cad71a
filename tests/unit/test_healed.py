"""Nodes that a later command of the run brought to success."""

import json
from typing import Any

from functions.findings.document import document
from tests.archives import Archive, archive_from, graph, payload, results

MODEL, TEST = "model.demo.orders", "test.demo.unique_orders"


def command(command_id: int, text: str, return_code: int) -> dict[str, Any]:
    status = "failed" if return_code else "succeeded"
    return {"id": command_id, "command": text, "status": status, "return_code": return_code}


def run(*of_commands: list[dict[str, Any]], codes: tuple[int, ...] = (1, 0)) -> Archive:
    """A run whose commands left these results, one after the other."""
    commands = [command(70 + at, "dbt retry", code) for at, code in enumerate(codes)]
    archive = archive_from(payload(commands=commands))
    for at, rows in enumerate(of_commands):
        archive.put(70 + at, "target/run_results.json", results(*rows))
    return archive


def test_what_succeeded_later_is_healed_and_not_counted() -> None:
    failed = run(
        [{"unique_id": MODEL}, {"unique_id": TEST, "status": "fail"}],
        [{"unique_id": MODEL, "status": "success"}, {"unique_id": TEST, "status": "Pass"}],
    ).what_failed()
    assert [(f.unique_id, f.healed_by) for f in failed.failures] == [(MODEL, 71), (TEST, 71)]
    assert (failed.failure_count, failed.groups) == (0, ())


def test_what_is_still_broken_stands_above_it() -> None:
    failed = run(
        [{"unique_id": MODEL}, {"unique_id": TEST, "status": "fail"}],
        [{"unique_id": MODEL, "status": "success"}],
    ).what_failed()
    assert [(f.unique_id, f.healed_by) for f in failed.failures] == [(TEST, None), (MODEL, 71)]
    assert failed.failure_count == 1


def test_an_earlier_success_heals_nothing() -> None:
    failed = run(
        [{"unique_id": MODEL, "status": "success"}], [{"unique_id": MODEL}], codes=(0, 1)
    ).what_failed()
    assert [(f.unique_id, f.healed_by) for f in failed.failures] == [(MODEL, None)]


def test_a_command_without_results_heals_nothing() -> None:
    failed = run([{"unique_id": MODEL}], []).what_failed()
    assert failed.failure_count == 1


def test_a_node_that_fails_again_is_healed_only_up_to_then() -> None:
    failed = run(
        [{"unique_id": MODEL}],
        [{"unique_id": MODEL, "status": "success"}],
        [{"unique_id": MODEL, "message": "again"}],
        codes=(1, 0, 1),
    ).what_failed()
    assert [(f.message, f.healed_by) for f in failed.failures] == [
        ("again", None),
        ("it broke", 71),
    ]


def test_a_node_that_was_skipped_and_is_built_later_is_skipped_no_more() -> None:
    archive = run(
        [
            {"unique_id": MODEL},
            {"unique_id": "model.demo.b", "status": "skipped"},
            {"unique_id": "model.demo.c", "status": "skipped"},
        ],
        [
            {"unique_id": MODEL, "status": "success"},
            {"unique_id": "model.demo.b", "status": "success"},
        ],
    )
    archive.put(
        70, "target/manifest.json", graph({"model.demo.b": [MODEL], "model.demo.c": [MODEL]})
    )
    failed = archive.what_failed()
    assert failed.skipped_count == 1
    assert [group.unique_ids for group in failed.skipped] == [("model.demo.c",)]


def test_page_and_document_say_by_which_command() -> None:
    archive = run([{"unique_id": MODEL}], [{"unique_id": MODEL, "status": "success"}])
    assert "returned 1: 1 failure, healed by command 2." in archive.page().decode()
    content = json.loads(document(archive.event, archive.what_failed()))
    assert (content["failure_count"], content["healed_count"]) == (0, 1)


def test_in_the_record_it_stands_behind_the_warnings() -> None:
    failed = run(
        [{"unique_id": MODEL}, {"unique_id": "test.demo.w", "status": "warn"}],
        [{"unique_id": MODEL, "status": "success"}],
    ).what_failed()
    assert [(f["unique_id"], f.get("healed_by")) for f in failed.summaries()] == [
        ("test.demo.w", None),
        (MODEL, 71),
    ]
