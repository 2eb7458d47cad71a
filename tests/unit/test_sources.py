"""Sources that are stale or could not be checked."""

import json
from typing import Any

import pytest

from functions.findings.finding import WhatFailed
from tests.archives import archive_from, graph, payload

ORDERS = "source.shop.raw.orders"
STALE = {
    "unique_id": ORDERS,
    "status": "error",
    "max_loaded_at": "2020-01-02T00:00:00+00:00",
    "snapshotted_at": "2020-01-05T01:00:00+00:00",
    "max_loaded_at_time_ago_in_s": 262800.5,
    "criteria": {
        "warn_after": {"count": 1, "period": "day"},
        "error_after": {"count": 2, "period": "day"},
        "filter": None,
    },
    "execution_time": 0.2,
}


def found(content: Any, log: str = "") -> WhatFailed:
    command = {"id": 70, "command": "dbt source freshness", "status": "failed", "return_code": 1}
    archive = archive_from(payload(commands=[command]))
    if content is not None:
        archive.put(70, "target/sources.json", json.dumps(content).encode())
    manifest = json.loads(graph({}))
    place = {"original_file_path": "models/raw.yml"}
    manifest["sources"] = {ORDERS: place, "source.shop.raw.not_there": place}
    archive.put(70, "target/manifest.json", json.dumps(manifest).encode())
    archive.put(70, "stdout.log", log.encode())
    return archive.what_failed()


def test_a_stale_source_says_since_when_and_against_which_limit() -> None:
    [finding] = found({"results": [STALE]}).failures
    assert (finding.unique_id, finding.status, finding.path) == (ORDERS, "error", "models/raw.yml")
    assert finding.reason == (
        "Stale: last loaded at 2020-01-02T00:00:00+00:00, 3 d 1 h before the check "
        "(error after 2 days, warning after 1 day)"
    )


def test_a_source_that_only_warns_is_a_warning() -> None:
    failed = found({"results": [STALE | {"status": "Warn"}, STALE]})
    assert [finding.status for finding in failed.warnings] == ["warn"]
    assert failed.failure_count == 1


@pytest.mark.parametrize("status", ["runtime error", "RuntimeError", "runtime_error"])
def test_a_source_that_could_not_be_checked_says_why(status: str) -> None:
    row = {"unique_id": ORDERS, "status": status, "error": "Database Error\n  no such schema raw"}
    [finding] = found({"results": [row]}).failures
    assert (finding.status, finding.reason) == ("runtime error", "no such schema raw")


def test_before_version_1_they_stood_under_their_ids() -> None:
    content = {
        "meta": {},
        "sources": {
            ORDERS: {"state": "error", "max_loaded_at": "2020-01-02T00:00:00Z", "criteria": {}},
            "source.shop.raw.fresh": {"state": "pass"},
            "source.shop.raw.broken": {"state": "runtime error", "error": "no such table"},
        },
    }
    failed = found(content)
    assert [(f.unique_id, f.reason) for f in failed.failures] == [
        (ORDERS, "Stale: last loaded at 2020-01-02T00:00:00Z"),
        ("source.shop.raw.broken", "no such table"),
    ]


def test_what_is_odd_costs_its_own_row_or_member() -> None:
    odd = {"unique_id": ORDERS, "status": "error", "criteria": "none", "max_loaded_at": 7}
    failed = found({"results": [odd, {"unique_id": None, "status": "error"}, 7]})
    assert [finding.reason for finding in failed.failures] == ["Stale"]
    assert [partly.unread_rows for partly in failed.partly_read] == [2]


DBT = """\
02:00:01  1 of 2 ERROR freshness of raw.not_there ............ [ERROR in 0.23s]
02:00:01  2 of 2 ERROR STALE freshness of raw.orders ......... [ERROR STALE in 0.21s]
02:00:01  \n02:00:01    Runtime Error in source not_there (models/raw.yml)
  Catalog Error: Table with name not_there does not exist!
02:00:01  Done.
"""
FUSION = """\
    Failed [  1.07s] source raw.not_there
     Stale [  0.24s] source raw.orders (last updated 6years ago)

==== Errors and Warnings ====
[error] [DbDriverFailed (dbt1308)]: Catalog Error: Table with name not_there does not exist!
"""


@pytest.mark.parametrize("log", [DBT, FUSION])
@pytest.mark.parametrize("content", [{"results": [STALE]}, None])
def test_a_source_that_only_the_log_names_counts_as_well(content: Any, log: str) -> None:
    failed = found(content, log)
    assert {finding.unique_id for finding in failed.failures} == {
        ORDERS,
        "source.shop.raw.not_there",
    }
    by_id = {finding.unique_id: finding.reason or "" for finding in failed.failures}
    assert "Table with name not_there does not exist!" in by_id["source.shop.raw.not_there"]
