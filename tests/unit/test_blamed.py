"""Nodes that dbt Fusion calls errors though they have no part in what failed."""

from typing import Any

from functions.findings.finding import WhatFailed
from tests.archives import archive_from, graph, payload, results

HOOK = """\
 Succeeded [  0.03s] seed  main.raw (table)
    Failed [  1.12s] hook  shop-on-run-end-0
"""
CAUSE = "[error] [DbDriverFailed (dbt1308)]: Table with name missing_log does not exist!\n"


def blamed(name: str, **more: Any) -> dict[str, Any]:
    row = {"unique_id": name, "status": "error", "message": "Compilation Error"}
    return row | {"execution_time": 0.0} | more


def found(*rows: dict[str, Any], stdout: str = "", stderr: str = CAUSE) -> WhatFailed:
    archive = archive_from(payload())
    archive.put(70, "target/run_results.json", results(*rows))
    archive.put(70, "target/manifest.json", graph({}))
    archive.put(70, "stdout.log", stdout.encode())
    archive.put(70, "stderr.log", stderr.encode())
    return archive.what_failed()


def test_they_are_one_failure_and_stand_as_skipped() -> None:
    failed = found(blamed("model.shop.a"), blamed("model.shop.b"), blamed("test.shop.c"))
    [finding] = failed.failures
    assert (finding.unique_id, failed.failure_count) == ("command 1", 1)
    assert "missing_log does not exist" in (finding.reason or "")
    [group] = failed.skipped
    assert group.causes == ("command 1",)
    assert group.unique_ids == ("model.shop.a", "model.shop.b", "test.shop.c")


def test_what_the_log_says_was_built_is_neither() -> None:
    failed = found(blamed("seed.shop.raw"), blamed("model.shop.b"), stdout=HOOK)
    assert failed.failure_count == 1
    assert [group.unique_ids for group in failed.skipped] == [("model.shop.b",)]


def test_a_node_that_the_log_names_is_the_cause_of_the_others() -> None:
    log = "[error] [DbDriverFailed (dbt1308)]: Failed to create schema for seed.shop.raw: no\n"
    failed = found(blamed("model.shop.b"), blamed("seed.shop.raw"), stderr=log)
    assert [finding.unique_id for finding in failed.failures] == ["seed.shop.raw"]
    [group] = failed.skipped
    assert (group.causes, group.unique_ids) == (("seed.shop.raw",), ("model.shop.b",))


def test_nodes_that_ran_are_counted_each() -> None:
    rows = [blamed(f"model.shop.{name}", execution_time=0.5) for name in "ab"]
    assert found(*rows).failure_count == 2


def test_nodes_with_reasons_of_their_own_are_counted_each() -> None:
    rows = [blamed(f"model.shop.{name}", message=f"no column {name}") for name in "ab"]
    assert found(*rows).failure_count == 2


def test_where_the_log_has_no_cause_each_counts() -> None:
    assert found(blamed("model.shop.a"), blamed("model.shop.b"), stderr="").failure_count == 2


def test_a_single_one_is_the_failure() -> None:
    [finding] = found(blamed("model.shop.a")).failures
    assert finding.unique_id == "model.shop.a"
    assert "missing_log does not exist" in (finding.reason or "")


def test_a_node_that_was_started_is_counted() -> None:
    log = "02:00:01  1 of 2 START sql table model main.a ............ [RUN]\n"
    failed = found(blamed("model.shop.a"), blamed("model.shop.b"), stdout=log)
    assert [finding.unique_id for finding in failed.failures] == ["model.shop.a"]
    assert [group.unique_ids for group in failed.skipped] == [("model.shop.b",)]


def test_what_a_hook_at_the_start_kept_from_being_built_is_skipped_because_of_it() -> None:
    hook = blamed("operation.shop.shop-on-run-start-0", message="no schema audit")
    failed = found(hook, {"unique_id": "model.shop.a", "status": "skipped"})
    [group] = failed.skipped
    assert (group.causes, group.unknown) == (("operation.shop.shop-on-run-start-0",), None)
