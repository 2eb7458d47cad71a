"""No right is wider than it has to be: no action has a wildcard, few known resources have one."""

from collections.abc import Iterator
from typing import Any

from tests.infra.templates import of_type, shown

Template = dict[str, Any]

# Each with the reason why nothing narrower would do.
KNOWN_WILDCARDS = {
    # A run's objects lie below the names of its workspace and schedule, and its day.
    ("s3:PutObject", "ArchiveBucket/runs/*"),
    ("s3:GetObject", "ArchiveBucket/runs/*"),
    ("s3:AbortMultipartUpload", "ArchiveBucket/runs/*"),
    ("s3:PutObject", "ArchiveBucket/history/*"),
    ("s3:GetObject", "ArchiveBucket/history/*"),
}


def statements(template: Template) -> Iterator[dict[str, Any]]:
    """Of every policy in the template that allows something to a role."""
    for policy in of_type(template, "AWS::IAM::Policy").values():
        yield from policy["Properties"]["PolicyDocument"]["Statement"]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_action_has_a_wildcard(template: Template) -> None:
    actions = [action for found in statements(template) for action in as_list(found["Action"])]
    assert actions
    assert [action for action in actions if "*" in action or "?" in action] == []


def test_no_right_is_given_by_what_it_leaves_out(template: Template) -> None:
    for found in statements(template):
        assert not {"NotAction", "NotResource", "NotPrincipal"} & found.keys()


def test_only_known_resources_have_a_wildcard(template: Template) -> None:
    wide = {
        (action, resource)
        for found in statements(template)
        for resource in map(shown, as_list(found["Resource"]))
        if "*" in resource or "?" in resource
        for action in as_list(found["Action"])
    }
    assert wide == KNOWN_WILDCARDS


def test_resource_policies_allow_nothing_but_that_alarms_publish(template: Template) -> None:
    """They only refuse plain HTTP: whoever may do something is named by a role's own policy."""
    allowed = {}
    for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        policies = of_type(template, kind)
        assert policies, kind
        for name, policy in policies.items():
            statements = policy["Properties"]["PolicyDocument"]["Statement"]
            if allows := [found for found in statements if found["Effect"] == "Allow"]:
                allowed[name] = allows
    [(name, [statement])] = allowed.items()
    assert name == "AlertsAlarmsPolicy"
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert shown(statement["Resource"]) == "AlertsAlarms"
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"}
    }
