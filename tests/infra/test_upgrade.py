"""What CloudFormation or DynamoDB would refuse, or replace, in an upgrade from the last release.

`tests/data/releases` has the resources that a release deploys. A release adds its own, made by that
version: `Template.from_stack(...)`, with the settings of its `cdk.json`.
"""

import copy
import json
from typing import Any

import pytest

from tests.infra.templates import ROOT, Resource

Template = dict[str, Any]
RELEASES = sorted((ROOT / "tests" / "data" / "releases").glob("*.json"))
TABLE = "AWS::DynamoDB::Table"


@pytest.fixture(scope="module")
def released() -> Template:
    template: Template = json.loads(RELEASES[-1].read_text())
    return template


def of_kind(template: Template, kind: str) -> dict[str, Resource]:
    """By logical id: another id is another resource."""
    return {name: found for name, found in template["Resources"].items() if found["Type"] == kind}


def changed_indexes(before: Resource, after: Resource) -> set[str]:
    """Those that are added, removed or, if anything about them is different, made anew."""

    def indexes(table: Resource) -> dict[str, Any]:
        listed = table["Properties"].get("GlobalSecondaryIndexes", [])
        return {index["IndexName"]: index for index in listed}

    old, new = indexes(before), indexes(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def test_at_most_one_index_of_a_table_changes(released: Template, template: Template) -> None:
    """DynamoDB makes or removes one index an update, and CloudFormation fails at a second.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
    """
    present = of_kind(template, TABLE)
    for name, before in of_kind(released, TABLE).items():
        changed = changed_indexes(before, present[name])
        assert len(changed) <= 1, f"{name} would change {', '.join(sorted(changed))} at once"


def test_an_attribute_that_every_index_gets_counts_for_each(template: Template) -> None:
    after = copy.deepcopy(template)
    [name] = [n for n, t in of_kind(after, TABLE).items() if changed_indexes({"Properties": {}}, t)]
    for index in after["Resources"][name]["Properties"]["GlobalSecondaryIndexes"]:
        index["Projection"]["NonKeyAttributes"].append("one_more")
    found = changed_indexes(template["Resources"][name], after["Resources"][name])
    assert found == {"by-schedule", "by-workspace", "failed"}


def test_tables_keep_their_keys(released: Template, template: Template) -> None:
    """Another key would be another table."""
    present = of_kind(template, TABLE)
    for name, before in of_kind(released, TABLE).items():
        assert present[name]["Properties"]["KeySchema"] == before["Properties"]["KeySchema"]


def test_what_holds_data_stays_the_same_resource(released: Template, template: Template) -> None:
    for name, before in released["Resources"].items():
        if before.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"):
            assert template["Resources"][name]["Type"] == before["Type"], name
