"""Failures by what they have in common."""

import json

import pytest
from msgspec.structs import replace

from functions.findings.document import document
from functions.findings.finding import Finding, Group
from functions.findings.grouping import grouped
from tests.archives import archive_from, payload, results


def finding(name: str, reason: str | None, status: str = "error", kind: str = "model") -> Finding:
    return Finding(
        unique_id=f"{kind}.shop.{name}",
        status=status,
        message=reason,
        reason=reason,
        command_id=70,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("No active warehouse, query 01b2-77", "No active warehouse, query 01b9-1234"),
        ('relation "x" does not exist', 'relation "y" does not exist'),
        ("Object 'A.B' does not exist", "Object 'A.C' does not exist"),
        ("`p.d.orders` was not found", "`p.d.payments` was not found"),
        ("Timed out at 2024-05-01 02:00:00.123", "Timed out at 2024-05-02T03:00:01Z"),
        ("Job deadbeefcafe failed", "Job feedfacecafe failed"),
        ("could not build one here", "could not build two here"),
        ('Table "a"."b"  is missing', 'Table "c"."d" is missing'),
    ],
)
def test_what_differs_in_numbers_names_and_times_is_one_cause(one: str, other: str) -> None:
    [group] = grouped([finding("one", one), finding("two", other)])
    assert (group.what, group.count, group.reason) == ("2 models", 2, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("disk is full", "memory is full"), ("doesn't a, won't", "doesn't b, won't"), (None, None)],
)
def test_what_differs_in_words_is_not(one: str | None, other: str | None) -> None:
    assert len(grouped([finding("one", one), finding("two", other)])) == 2


def test_tests_that_found_rows_tell_of_their_own_data() -> None:
    said = "Got 3 results, configured to fail if != 0"
    assert len(grouped(finding(name, said, "fail", "test") for name in "ab")) == 2


def test_the_largest_stands_first_and_names_its_kinds() -> None:
    same = "no warehouse"
    found = grouped(
        [
            finding("alone", "a syntax error"),
            finding("hook-on-run-end-0", same, kind="operation"),
            *(finding(name, same) for name in "abc"),
        ]
    )
    assert [group.what for group in found] == ["3 models and 1 hook", "model.shop.alone"]


def test_a_node_that_failed_twice_is_one_node() -> None:
    again = replace(finding("one", "no disk"), command_id=71)
    [group] = grouped([finding("one", "no disk"), again])
    assert (group.what, group.count) == ("model.shop.one", 2)


def test_the_first_ten_are_named() -> None:
    [group] = grouped(finding(f"m{at}", "no warehouse") for at in range(250))
    assert isinstance(group, Group)
    assert (group.count, len(group.unique_ids)) == (250, 10)


def test_document_page_and_record_have_them() -> None:
    archive = archive_from(payload())
    nodes = ({"unique_id": f"model.shop.m{at}", "message": "no warehouse"} for at in range(250))
    archive.put(70, "target/run_results.json", results(*nodes))
    failed = archive.what_failed()
    [of_document] = json.loads(document(archive.event, failed))["groups"]
    assert (of_document["what"], of_document["reason"]) == ("250 models", "no warehouse")
    assert "<b>250 models</b> <code>no warehouse</code>" in archive.page().decode()
    [of_record] = failed.group_summaries()
    assert (of_record["what"], of_record["count"]) == ("250 models", 250)
    assert failed.failure_count == 250
