"""Table, queues, bucket, secrets, topic: nothing lost, nothing in the open."""

import json
from typing import Any

import pytest

from functions.fetch.archive import MAX_INTERRUPTIONS
from tests import rights
from tests.infra.templates import named, of_type, shown, synthesized

Template = dict[str, Any]


def table(template: Template) -> dict[str, Any]:
    return named(template)["RecordsTable"]


def test_table_key_is_the_run_key(template: Template) -> None:
    assert table(template)["Properties"]["KeySchema"] == [
        {"AttributeName": "run_key", "KeyType": "HASH"}
    ]


def test_table_can_be_had_back(template: Template) -> None:
    found = table(template)
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == "Retain"
    assert found["Properties"]["DeletionProtectionEnabled"] is True
    recovery = found["Properties"]["PointInTimeRecoverySpecification"]
    assert recovery["PointInTimeRecoveryEnabled"] is True


def test_records_expire_by_their_own_attribute(template: Template) -> None:
    assert table(template)["Properties"]["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }


def test_tables_cost_nothing_while_idle(template: Template) -> None:
    for found in of_type(template, "AWS::DynamoDB::Table").values():
        assert found["Properties"]["BillingMode"] == "PAY_PER_REQUEST"


def test_workspaces_have_their_uid_for_a_key(template: Template) -> None:
    assert named(template)["WorkspacesTable"]["Properties"]["KeySchema"] == [
        {"AttributeName": "workspace_uid", "KeyType": "HASH"}
    ]


def test_schedules_are_found_by_workspace_and_expire(template: Template) -> None:
    schedules = named(template)["SchedulesTable"]["Properties"]
    assert schedules["KeySchema"] == [
        {"AttributeName": "workspace_uid", "KeyType": "HASH"},
        {"AttributeName": "schedule_key", "KeyType": "RANGE"},
    ]
    assert schedules["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_indexes_have_the_keys_that_listings_ask_by(template: Template) -> None:
    keys = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table(template)["Properties"]["GlobalSecondaryIndexes"]
    }
    assert keys == {
        "by-schedule": ["schedule_key", "started_at"],
        "by-workspace": ["workspace_uid", "started_at"],
        "failed": ["failed_workspace_uid", "ended_at"],
    }


def test_every_key_is_text(template: Template) -> None:
    types = {
        attribute["AttributeType"]
        for attribute in table(template)["Properties"]["AttributeDefinitions"]
    }
    assert types == {"S"}


def test_indexes_show_a_run_in_a_listing_without_its_stored_body(template: Template) -> None:
    for index in table(template)["Properties"]["GlobalSecondaryIndexes"]:
        shown_in_index = {
            *index["Projection"]["NonKeyAttributes"],
            *(key["AttributeName"] for key in index["KeySchema"]),
        }
        assert {"workspace_uid", "schedule_name", "run_id", "state", "started_at", "ended_at"} < (
            shown_in_index
        )
        assert "event_gz" not in shown_in_index


def test_queue_hides_a_run_for_six_times_the_time_of_its_function(template: Template) -> None:
    resources = named(template)
    timeout = resources["FetchFunction"]["Properties"]["Timeout"]
    assert resources["QueuesRuns"]["Properties"]["VisibilityTimeout"] == 6 * timeout


def test_a_run_is_received_often_enough_for_the_function_to_give_it_up(template: Template) -> None:
    resources = named(template)
    redrive = resources["QueuesRuns"]["Properties"]["RedrivePolicy"]
    variables = resources["FetchFunction"]["Properties"]["Environment"]["Variables"]
    assert shown(redrive["deadLetterTargetArn"]) == "QueuesDeadLetters"
    assert redrive["maxReceiveCount"] - int(variables["MAX_RECEIVES"]) >= MAX_INTERRUPTIONS


def test_delays_outlast_a_day(template: Template) -> None:
    variables = named(template)["FetchFunction"]["Properties"]["Environment"]["Variables"]
    base, cap = int(variables["RETRY_BASE_SECONDS"]), int(variables["RETRY_CAP_SECONDS"])
    delays = [min(cap, base * 2**n) for n in range(int(variables["MAX_RECEIVES"]) - 1)]
    assert sum(delays) > 24 * 3600


@pytest.mark.parametrize("queue", ["QueuesRuns", "QueuesDeadLetters", "QueuesQuarantine"])
def test_queue_is_encrypted_and_keeps_large_messages_for_14_days(
    template: Template, queue: str
) -> None:
    properties = named(template)[queue]["Properties"]
    assert properties["SqsManagedSseEnabled"] is True
    assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert properties["MaximumMessageSize"] == 1024 * 1024


@pytest.mark.parametrize("queue", ["QueuesRuns", "QueuesQuarantine"])
def test_no_other_queue_may_send_its_dead_letters_to(template: Template, queue: str) -> None:
    """SQS would not ask whether who owns that queue may send to this one."""
    allowed = named(template)[queue]["Properties"]["RedriveAllowPolicy"]
    assert allowed == {"redrivePermission": "denyAll"}


@pytest.mark.parametrize(
    ("policy", "of"),
    [
        ("QueuesRunsPolicy", "QueuesRuns"),
        ("QueuesDeadLettersPolicy", "QueuesDeadLetters"),
        ("QueuesQuarantinePolicy", "QueuesQuarantine"),
        ("ArchiveBucketPolicy", "ArchiveBucket"),
        ("AlertsFailedRunsPolicy", "AlertsFailedRuns"),
        ("AlertsAlarmsPolicy", "AlertsAlarms"),
    ],
)
def test_plain_http_is_refused(template: Template, policy: str, of: str) -> None:
    properties = named(template)[policy]["Properties"]
    statements = properties["PolicyDocument"]["Statement"]
    [statement] = [found for found in statements if found["Effect"] == "Deny"]
    assert statement["Principal"] in ("*", {"AWS": "*"})
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    resource = statement["Resource"]
    assert of in map(shown, resource if isinstance(resource, list) else [resource])


def bucket(template: Template) -> dict[str, Any]:
    [found] = of_type(template, "AWS::S3::Bucket").values()
    return found


def test_bucket_is_private_encrypted_and_kept(template: Template) -> None:
    found = bucket(template)
    assert all(found["Properties"]["PublicAccessBlockConfiguration"].values())
    assert len(found["Properties"]["PublicAccessBlockConfiguration"]) == 4
    [rule] = found["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert found["DeletionPolicy"] == "RetainExceptOnCreate"


def test_objects_expire_with_their_records() -> None:
    rule = rules(synthesized(retentionDays=30, historyRetentionDays=90))["runs/"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == 30
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_rows_are_kept_for_three_years_whatever_becomes_of_the_archives() -> None:
    rule = rules(synthesized(retentionDays=30))["history/"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 1095)


def test_rows_expire_by_their_own_setting() -> None:
    assert rules(synthesized(historyRetentionDays=90))["history/"]["ExpirationInDays"] == 90


def test_all_that_is_stored_expires(template: Template) -> None:
    prefixes = {
        resource.partition("/")[2].rstrip("*")
        for action, resource in rights.FETCH
        if action == "s3:PutObject"
    }
    assert prefixes == rules(template).keys()


def rules(template: Template) -> dict[str, Any]:
    """The bucket's lifecycle rules by what the keys begin with."""
    found = bucket(template)["Properties"]["LifecycleConfiguration"]["Rules"]
    return {rule["Prefix"]: rule for rule in found}


def test_an_object_written_again_can_be_had_back(template: Template) -> None:
    properties = bucket(template)["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    for rule in properties["LifecycleConfiguration"]["Rules"]:
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_no_delivery_verifies_before_a_secret_is_stored(template: Template) -> None:
    value = named(template)["VaultWebhook"]["Properties"]["SecretString"]
    assert json.loads(value) == {"scheme": "standard-webhooks", "secrets": []}


def test_no_call_is_signed_before_credentials_are_stored(template: Template) -> None:
    value = named(template)["VaultApi"]["Properties"]["SecretString"]
    assert json.loads(value) == {"workspaces": {}}


def test_settings_never_touch_a_secret(template: Template) -> None:
    """CloudFormation stores a secret's value anew when the value in the template changes."""
    other = synthesized(retentionDays=30, archive="all", alertEmail="me@example.com")
    for name, secret in of_type(template, "AWS::SecretsManager::Secret").items():
        assert named(other)[name] == secret
        assert secret["DeletionPolicy"] == "RetainExceptOnCreate"


def test_failed_runs_are_encrypted_with_the_key_that_publishing_needs_no_right_on(
    template: Template,
) -> None:
    topic = named(template)["AlertsFailedRuns"]
    assert topic["Properties"]["KmsMasterKeyId"] == "alias/aws/sns"


def test_alarms_go_to_a_topic_that_cloudwatch_can_publish_to(template: Template) -> None:
    """With the key aws/sns it could not, and nobody would be told."""
    assert "KmsMasterKeyId" not in named(template)["AlertsAlarms"]["Properties"]


def test_alert_email_is_subscribed_to_both_topics_if_there_is_one(template: Template) -> None:
    assert not of_type(template, "AWS::SNS::Subscription")
    other = synthesized(alertEmail="me@example.com")
    subscriptions = of_type(other, "AWS::SNS::Subscription").values()
    for subscription in subscriptions:
        assert subscription["Properties"]["Protocol"] == "email"
        assert subscription["Properties"]["Endpoint"] == "me@example.com"
    assert sorted(shown(found["Properties"]["TopicArn"]) for found in subscriptions) == [
        "AlertsAlarms",
        "AlertsFailedRuns",
    ]


def test_nothing_that_holds_data_has_a_name_of_ours(template: Template) -> None:
    names = {"TableName", "BucketName", "QueueName", "TopicName", "FunctionName", "RoleName"}
    refer_to_a_function = {
        "AWS::Lambda::Permission",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::EventInvokeConfig",
    }
    for name, resource in named(template).items():
        if resource["Type"] not in refer_to_a_function:
            assert not names & resource.get("Properties", {}).keys(), name
