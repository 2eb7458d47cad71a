"""The HTTP API and the outputs by which everything else is found."""

import json
from typing import Any

from tests.infra.templates import application, of_type, shown, without_hash

Template = dict[str, Any]


def stage(template: Template) -> dict[str, Any]:
    [found] = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_only_one_route_exists(template: Template) -> None:
    [route] = of_type(template, "AWS::ApiGatewayV2::Route").values()
    assert route["Properties"]["RouteKey"] == "POST /webhooks/paradime"


def test_the_default_stage_is_throttled(template: Template) -> None:
    properties = stage(template)
    assert properties["StageName"] == "$default"
    assert properties["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": 100,
        "ThrottlingBurstLimit": 200,
    }


def test_access_log_lines_are_json_without_what_a_sender_wrote(template: Template) -> None:
    settings = stage(template)["AccessLogSettings"]
    assert shown(settings["DestinationArn"]) == "WebhookApiAccessLog"
    line: dict[str, str] = json.loads(settings["Format"])
    written_by_sender = ("header", "path", "querystring", "domainName", "userAgent", "protocol")
    for variable in line.values():
        assert variable.startswith("$context.")
        assert not any(word in variable for word in written_by_sender), variable


def test_outputs_name_what_scripts_look_for(template: Template) -> None:
    outputs = {name: output["Value"] for name, output in template["Outputs"].items()}
    assert shown(outputs.pop("WebhookUrl")).endswith("/webhooks/paradime")
    references = {
        name: without_hash(value.get("Ref") or value["Fn::GetAtt"][0])
        for name, value in outputs.items()
    }
    assert references == {
        "TableName": "RecordsTable",
        "SchedulesTableName": "SchedulesTable",
        "BucketName": "ArchiveBucket",
        "QueueUrl": "QueuesRuns",
        "DeadLetterUrl": "QueuesDeadLetters",
        "QuarantineUrl": "QueuesQuarantine",
        "FailedRunsTopicArn": "AlertsFailedRuns",
        "AlarmsTopicArn": "AlertsAlarms",
        "WebhookSecretArn": "VaultWebhook",
        "ApiSecretArn": "VaultApi",
        "SweepFunctionName": "SweepFunction",
    }


def test_stack_is_named_after_its_stage() -> None:
    assert application()[1].stack_name == "ParadimeRunArchive"
    assert application(stage="dev")[1].stack_name == "ParadimeRunArchive-dev"
