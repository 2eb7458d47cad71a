"""What each function's role may do: this and nothing else."""

from collections.abc import Iterator
from typing import Any

from tests.infra.templates import named, of_type, shown
from tests.rights import FETCH, INGEST, Right

Template = dict[str, Any]


def statements(template: Template, role: str) -> Iterator[dict[str, Any]]:
    for policy in of_type(template, "AWS::IAM::Policy").values():
        if role in map(shown, policy["Properties"]["Roles"]):
            yield from policy["Properties"]["PolicyDocument"]["Statement"]


def rights(template: Template, role: str) -> set[Right]:
    found = set()
    for statement in statements(template, role):
        assert statement["Effect"] == "Allow"
        for action in _as_list(statement["Action"]):
            for resource in _as_list(statement["Resource"]):
                found.add((action, shown(resource)))
    return found


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_ingest_may_record_queue_quarantine_and_read_its_secret(template: Template) -> None:
    assert rights(template, "IngestRole") == INGEST


def test_fetch_may_consume_read_the_record_and_write_below_runs(template: Template) -> None:
    assert rights(template, "FetchRole") == FETCH


def test_ingest_may_only_count_records(template: Template) -> None:
    [counting] = [
        statement
        for statement in statements(template, "IngestRole")
        if "dynamodb:Scan" in _as_list(statement["Action"])
    ]
    assert counting["Condition"] == {"StringEquals": {"dynamodb:Select": "COUNT"}}


def test_fetch_may_list_only_runs_and_rows(template: Template) -> None:
    [listing] = [
        statement
        for statement in statements(template, "FetchRole")
        if statement["Action"] == "s3:ListBucket"
    ]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["runs/*", "history/*"]}}


def test_no_role_has_a_managed_or_a_further_inline_policy(template: Template) -> None:
    for role in of_type(template, "AWS::IAM::Role").values():
        assert not {"ManagedPolicyArns", "Policies"} & role["Properties"].keys()


def test_only_lambda_may_take_a_role(template: Template) -> None:
    for role in of_type(template, "AWS::IAM::Role").values():
        [statement] = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_each_function_has_a_role_of_its_own(template: Template) -> None:
    functions = of_type(template, "AWS::Lambda::Function").values()
    roles = {shown(function["Properties"]["Role"]) for function in functions}
    assert len(roles) == len(functions) == len(of_type(template, "AWS::IAM::Role"))


def test_only_the_webhook_route_may_invoke_ingest(template: Template) -> None:
    [permission] = [
        found["Properties"]
        for found in of_type(template, "AWS::Lambda::Permission").values()
        if shown(found["Properties"]["FunctionName"]) == "IngestFunction"
    ]
    assert shown(permission["SourceArn"]).endswith("/*/*/webhooks/paradime")


def test_nothing_may_invoke_fetch(template: Template) -> None:
    """Its event source mapping invokes it with the rights of its role."""
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    invoked = {shown(found["Properties"]["FunctionName"]) for found in permissions}
    assert invoked == {"IngestFunction", "SweepFunction"}


def test_rights_are_told_apart_by_resource(template: Template) -> None:
    """The helper above would miss a right on a resource that the template does not have."""
    resources = named(template)
    for role in ("IngestRole", "FetchRole", "SweepRole"):
        for _, resource in rights(template, role):
            assert resource.partition("/")[0] in resources
