"""What a company's account asks for: tags, boundaries, domains, and no conflicts."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra.settings import SettingsError, read_settings
from infra.stack import ArchiveStack
from tests.infra.templates import KEY, application, named, of_type, shown, synthesized

TOPIC = "arn:aws:sns:eu-west-1:123456789012:on-call"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-4e5f-6789-abcd-ef0123456789"
BOUNDARY = "arn:aws:iam::123456789012:policy/teams/boundary"
EVERYTHING: dict[str, object] = {
    "dashboard": False,
    "logRetentionDays": 365,
    "alarmTopicArn": TOPIC,
    "kmsKeyArn": KEY,
    "throttleRate": 10,
    "throttleBurst": 20,
    "domainName": "bolt.acme.com",
    "certificateArn": CERTIFICATE,
    "permissionsBoundary": BOUNDARY,
    "tags": {"team": "data"},
    "terminationProtection": True,
}


def test_the_rule_packs_find_nothing_with_every_setting() -> None:
    synthesized(**EVERYTHING)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("dashboard", "false", False),
        ("dashboard", "true", True),
        ("logRetentionDays", "365", 365),
        ("tags", '{"team": "data"}', {"team": "data"}),
        ("terminationProtection", "true", True),
    ],
)
def test_command_line_text_is_taken(key: str, text: str, value: object) -> None:
    settings = read_settings({key: text})
    fields = {
        "logRetentionDays": "log_retention_days",
        "terminationProtection": ("termination_protection"),
    }
    assert getattr(settings, fields.get(key, key)) == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("logRetentionDays", 91),
        ("tags", {"team": 7}),
        ("tags", ["team"]),
        ("alarmTopicArn", "on-call"),
        ("kmsKeyArn", "alias/acme"),
        ("kmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:alias/acme"),
        ("permissionsBoundary", "arn:aws:iam::1:policy/x"),
        ("dashboard", "maybe"),
        ("domainName", "https://bolt.acme.com"),
        ("throttleRate", 0),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(key: str, value: object) -> None:
    with pytest.raises(SettingsError, match=key):
        read_settings({key: value})


def test_a_domain_without_a_certificate_is_refused() -> None:
    with pytest.raises(SettingsError, match="belong together"):
        read_settings({"domainName": "bolt.acme.com"})


def test_all_logs_are_kept_as_long_as_asked() -> None:
    groups = of_type(synthesized(logRetentionDays=365), "AWS::Logs::LogGroup").values()
    assert {group["Properties"]["RetentionInDays"] for group in groups} == {365}


def test_the_access_log_lies_where_no_resource_policy_grows(template: dict[str, Any]) -> None:
    group = named(template)["WebhookApiAccessLog"]["Properties"]["LogGroupName"]
    assert group["Fn::Join"][1][0].startswith("/aws/vendedlogs/apis/ParadimeRunArchive-")


def test_the_access_log_of_the_next_stack_has_another_name(template: dict[str, Any]) -> None:
    """The group outlives its stack: a name without the stack's own id would be taken."""
    group = named(template)["WebhookApiAccessLog"]["Properties"]["LogGroupName"]
    id_of_its_own = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    assert id_of_its_own in group["Fn::Join"][1]


def test_a_failed_first_deployment_leaves_only_the_records(template: dict[str, Any]) -> None:
    """Their table is protected from deletion, so that not even a rollback could delete it."""
    kept = {
        name
        for name, resource in named(template).items()
        if resource.get("DeletionPolicy") == "Retain"
    }
    assert kept == {"RecordsTable"}


def test_alarms_notify_a_topic_that_exists() -> None:
    template = synthesized(alarmTopicArn=TOPIC)
    alarms = of_type(template, "AWS::CloudWatch::Alarm").values()
    assert {tuple(alarm["Properties"]["AlarmActions"]) for alarm in alarms} == {(TOPIC,)}
    assert template["Outputs"]["AlarmsTopicArn"]["Value"] == TOPIC
    assert len(of_type(template, "AWS::SNS::Topic")) == 1


def test_alarms_also_say_when_all_is_well_again(template: dict[str, Any]) -> None:
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["OKActions"] == alarm["Properties"]["AlarmActions"]


def test_every_role_has_the_boundary() -> None:
    roles = of_type(synthesized(permissionsBoundary=BOUNDARY), "AWS::IAM::Role").values()
    assert {role["Properties"]["PermissionsBoundary"] for role in roles} == {BOUNDARY}


def test_throttling_is_as_set() -> None:
    [stage] = of_type(synthesized(**EVERYTHING), "AWS::ApiGatewayV2::Stage").values()
    assert stage["Properties"]["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": 10,
        "ThrottlingBurstLimit": 20,
    }


def test_a_domain_takes_the_place_of_the_default_endpoint() -> None:
    template = synthesized(**EVERYTHING)
    [api] = of_type(template, "AWS::ApiGatewayV2::Api").values()
    assert api["Properties"]["DisableExecuteApiEndpoint"] is True
    assert template["Outputs"]["WebhookUrl"]["Value"] == "https://bolt.acme.com/webhooks/paradime"
    assert "DomainTarget" in template["Outputs"]
    [mapping] = of_type(template, "AWS::ApiGatewayV2::ApiMapping").values()
    assert shown(mapping["Properties"]["ApiId"]) == "WebhookApi"


def test_the_stack_has_tags_and_protection() -> None:
    _, stack = application(**EVERYTHING)
    assert stack.termination_protection
    assert stack.tags.tag_values() == {"team": "data"}


def test_in_a_foreign_app_the_stack_takes_the_properties_of_any_stack() -> None:
    app = cdk.App(context={"aws:cdk:bundling-stacks": []})
    stack = ArchiveStack(
        app,
        "Bolt",
        settings=read_settings({"tags": {"team": "data"}}),
        env=cdk.Environment(account="123456789012", region="eu-west-1"),
        termination_protection=True,
        tags={"team": "platform"},
        synthesizer=cdk.DefaultStackSynthesizer(qualifier="acme"),
    )
    assert (stack.stack_name, stack.region) == ("Bolt", "eu-west-1")
    assert stack.tags.tag_values() == {"team": "platform"}
    Template.from_stack(stack).resource_count_is("AWS::Lambda::Function", 3)


# Of these, an account has one of a name for all its regions.
GLOBAL_NAMES = {
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::IAM::Role": "RoleName",
    "AWS::S3::Bucket": "BucketName",
}


def names_for_the_whole_account(region: str) -> set[str]:
    app = cdk.App(context={"aws:cdk:bundling-stacks": []})
    environment = cdk.Environment(account="123456789012", region=region)
    stack = ArchiveStack(app, settings=read_settings({}), env=environment)
    resources = Template.from_stack(stack).to_json()["Resources"].values()
    return {
        resource["Properties"][GLOBAL_NAMES[resource["Type"]]]
        for resource in resources
        if GLOBAL_NAMES.get(resource["Type"]) in resource.get("Properties", {})
    }


def test_a_stack_in_a_second_region_takes_no_name_of_the_first() -> None:
    first, second = map(names_for_the_whole_account, ("eu-west-1", "us-east-1"))
    assert first
    assert not first & second
