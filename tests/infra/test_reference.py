"""What docs/reference.md has from the code, or of the stack, is what is there."""

import re
from typing import Any

import pytest

from functions.rows.row import Row
from functions.shared.metrics import Metric
from infra.settings import Settings, takes
from tests.infra.templates import of_type
from tests.reference import tables
from tools.reference import REFERENCE, docstrings, renewed

SHOWN = REFERENCE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def as_new() -> str:
    return renewed(SHOWN)


def test_the_reference_is_as_new_as_the_code(as_new: str) -> None:
    assert as_new == SHOWN, "docs/reference.md is older than the code: make reference"


@pytest.mark.parametrize("name", ["settings", "outputs", "columns", "metrics", "commands"])
def test_a_made_part_that_is_older_is_made_anew(name: str, as_new: str) -> None:
    start = f"<!-- made: {name} -->\n"
    older = re.sub(f"{start}.*?<!-- end -->", f"{start}<!-- end -->", SHOWN, flags=re.DOTALL)
    assert older != SHOWN
    assert renewed(older) == as_new


def test_every_setting_says_what_it_is_and_what_it_takes() -> None:
    assert docstrings(Settings).keys() == set(Settings.__struct_fields__)
    assert all(takes().values())


def test_every_column_says_what_it_is() -> None:
    assert docstrings(Row).keys() == set(Row.__struct_fields__)


def test_every_metric_says_what_it_counts() -> None:
    assert docstrings(Metric).keys() == Metric.__members__.keys()


def test_the_table_has_the_indexes_that_the_reference_lists(template: dict[str, Any]) -> None:
    _, listed, _ = tables("The record")
    table = of_type(template, "AWS::DynamoDB::Table")["RecordsTable"]["Properties"]
    assert [(name, key, order) for name, key, order, _ in listed] == [
        (index["IndexName"], *(key["AttributeName"] for key in index["KeySchema"]))
        for index in table["GlobalSecondaryIndexes"]
    ]
