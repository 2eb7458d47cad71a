"""What each role may do, asked of an AWS that enforces IAM: what is in its row, and nothing else.

`tests/infra/test_rights.py` reads the same in the template; here the policies are carried out,
conditions and all. Root takes each function's role and makes every call.
"""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.e2e.client import Client

pytestmark = pytest.mark.e2e

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}


@dataclass(frozen=True)
class World:
    """One function's role at work, among all that is in the stack.

    `physical` are the names that AWS gave, by logical id without its hash.
    """

    client: Client
    role: str
    aws: Callable[[Any], Any]
    physical: dict[str, str]

    @property
    def bucket(self) -> str:
        return self.client.outputs.bucket

    def log_group_of(self, function: str) -> str:
        return self.physical[f"{function}Logs"]

    def another(self, function: str) -> str:
        """A function that is not the one whose role is at work."""
        return next(name for name in sorted(ROLES) if name != function)


Call = Callable[[World], Any]

OBJECT = "runs/permissions/there.txt"
ROWS = "history/permissions/there.txt"
BESIDE = "elsewhere/there.txt"
KEY = {"run_key": {"S": "permissions#1"}}
WORKSPACE_KEY = {"workspace_uid": {"S": "permissions"}}
SCHEDULE_KEY = WORKSPACE_KEY | {"schedule_key": {"S": "permissions#nightly"}}
POLICY = {"Version": "2012-10-17", "Statement": []}


def table_calls(name: str, logical_id: str, key: dict[str, Any]) -> dict[str, Call]:
    def call(operation: str, **arguments: Any) -> Call:
        def make(world: World) -> Any:
            dynamodb = world.aws("dynamodb")
            return getattr(dynamodb, operation)(TableName=world.physical[logical_id], **arguments)

        return make

    def batch(operation: str, request: Any) -> Call:
        def make(world: World) -> Any:
            items = {world.physical[logical_id]: request}
            return getattr(world.aws("dynamodb"), operation)(RequestItems=items)

        return make

    ttl = {"Enabled": True, "AttributeName": "expires_at"}
    attribute = next(iter(key))
    condition = {
        "KeyConditionExpression": f"{attribute} = :key",
        "ExpressionAttributeValues": {":key": key[attribute]},
    }
    return {
        f"{name}: get an item": call("get_item", Key=key),
        f"{name}: update an item": call("update_item", Key=key),
        f"{name}: put an item": call("put_item", Item=key),
        f"{name}: delete an item": call("delete_item", Key=key),
        f"{name}: query": call("query", **condition),
        f"{name}: scan": call("scan"),
        f"{name}: get items": batch("batch_get_item", {"Keys": [key]}),
        f"{name}: write items": batch("batch_write_item", [{"PutRequest": {"Item": key}}]),
        f"{name}: describe": call("describe_table"),
        f"{name}: change the expiry": call("update_time_to_live", TimeToLiveSpecification=ttl),
        f"{name}: delete": call("delete_table"),
    }


def index_call(index: str, attribute: str) -> Call:
    return lambda world: world.aws("dynamodb").query(
        TableName=world.client.outputs.table,
        IndexName=index,
        KeyConditionExpression=f"{attribute} = :value",
        ExpressionAttributeValues={":value": {"S": "permissions"}},
    )


def count_call(operation: str, **condition: Any) -> Call:
    return lambda world: getattr(world.aws("dynamodb"), operation)(
        TableName=world.client.outputs.table, IndexName="by-workspace", Select="COUNT", **condition
    )


def queue_calls(name: str, url: Callable[[World], str]) -> dict[str, Call]:
    def call(operation: str, **arguments: Any) -> Call:
        return lambda world: getattr(world.aws("sqs"), operation)(QueueUrl=url(world), **arguments)

    handle = {"ReceiptHandle": "none"}
    return {
        f"{name}: send": call("send_message", MessageBody="from the tests"),
        f"{name}: receive": call("receive_message", VisibilityTimeout=0),
        f"{name}: delete a message": call("delete_message", **handle),
        f"{name}: hide a message": call("change_message_visibility", **handle, VisibilityTimeout=0),
        f"{name}: ask how many wait": call("get_queue_attributes", AttributeNames=["All"]),
        f"{name}: purge": call("purge_queue"),
        f"{name}: change": call("set_queue_attributes", Attributes={"Policy": json.dumps(POLICY)}),
        f"{name}: delete": call("delete_queue"),
    }


def secret_calls(name: str, arn: Callable[[World], str]) -> dict[str, Call]:
    def call(operation: str, **arguments: Any) -> Call:
        return lambda world: getattr(world.aws("secretsmanager"), operation)(
            SecretId=arn(world), **arguments
        )

    return {
        f"{name}: read": call("get_secret_value"),
        f"{name}: write": call("put_secret_value", SecretString="{}"),
        f"{name}: change": call("update_secret", Description="from the tests"),
        f"{name}: describe": call("describe_secret"),
        f"{name}: delete": call("delete_secret"),
    }


def s3(operation: str, **arguments: Any) -> Call:
    return lambda world: getattr(world.aws("s3"), operation)(Bucket=world.bucket, **arguments)


def topic(operation: str, **arguments: Any) -> Call:
    return lambda world: getattr(world.aws("sns"), operation)(
        TopicArn=world.client.outputs.failed_runs_topic, **arguments
    )


def logs(operation: str, of: Callable[[World], str], **arguments: Any) -> Call:
    return lambda world: getattr(world.aws("logs"), operation)(
        logGroupName=world.log_group_of(of(world)), **arguments
    )


def own(world: World) -> str:
    return world.role


def others(world: World) -> str:
    return world.another(world.role)


def invoke(world: World) -> Any:
    return world.aws("lambda").invoke(
        FunctionName=world.physical["IngestFunction"], InvocationType="DryRun"
    )


def replace_code(world: World) -> Any:
    return world.aws("lambda").update_function_code(
        FunctionName=world.physical[f"{world.role}Function"], ZipFile=b"none", DryRun=True
    )


def change_own_settings(world: World) -> Any:
    """Such as the hosts to which credentials may go."""
    return world.aws("lambda").update_function_configuration(
        FunctionName=world.physical[f"{world.role}Function"], Environment={"Variables": {}}
    )


def switch_sweep_off(world: World) -> Any:
    return world.aws("events").disable_rule(Name=world.physical["SweepScheduleRule"])


def silence_alarms(world: World) -> Any:
    return world.aws("cloudwatch").disable_alarm_actions(
        AlarmNames=[world.physical["AlarmsRefusedSignatures"]]
    )


def delete_webhook(world: World) -> Any:
    return world.aws("apigatewayv2").delete_api(ApiId=world.physical["WebhookApi"])


def widen_own_role(world: World) -> Any:
    return world.aws("iam").put_role_policy(
        RoleName=world.physical[f"{world.role}Role"],
        PolicyName="wider",
        PolicyDocument=json.dumps(POLICY),
    )


def take_another_role(world: World) -> Any:
    name = world.physical[f"{others(world)}Role"]
    return world.aws("sts").assume_role(
        RoleArn=f"arn:aws:iam::000000000000:role/{name}", RoleSessionName="tests"
    )


def abort_upload(key: str) -> Call:
    return s3("abort_multipart_upload", Key=key, UploadId="none")


def list_below(prefix: str) -> Call:
    return s3("list_objects_v2", Prefix=prefix)


EVENTS = [{"timestamp": 0, "message": "from the tests"}]

CALLS: dict[str, Call] = {
    **table_calls("records", "RecordsTable", KEY),
    "records: query by workspace": index_call("by-workspace", "workspace_uid"),
    "records: list by workspace": lambda world: world.aws("dynamodb").scan(
        TableName=world.client.outputs.table, IndexName="by-workspace"
    ),
    "records: count": count_call("scan"),
    "records: count by workspace": count_call(
        "query",
        KeyConditionExpression="workspace_uid = :uid",
        ExpressionAttributeValues={":uid": {"S": "permissions"}},
    ),
    "records: query by schedule": index_call("by-schedule", "schedule_key"),
    "records: query failed runs": index_call("failed", "failed_workspace_uid"),
    **table_calls("workspaces", "WorkspacesTable", WORKSPACE_KEY),
    **table_calls("schedules", "SchedulesTable", SCHEDULE_KEY),
    **queue_calls("run queue", lambda world: world.client.outputs.queue_url),
    **queue_calls("dead letters", lambda world: world.client.outputs.dlq_url),
    **queue_calls("quarantine", lambda world: world.client.outputs.quarantine_url),
    **secret_calls("webhook secret", lambda world: world.client.outputs.webhook_secret_arn),
    **secret_calls("API secret", lambda world: world.client.outputs.api_secret_arn),
    "secrets: list": lambda world: world.aws("secretsmanager").list_secrets(),
    "archive: read below runs": s3("get_object", Key=OBJECT),
    "archive: read rows": s3("get_object", Key=ROWS),
    "archive: write rows": s3("put_object", Key=ROWS, Body=b"written"),
    "archive: list rows": list_below("history/permissions/"),
    "archive: read elsewhere": s3("get_object", Key=BESIDE),
    "archive: read an older version": s3("get_object", Key=OBJECT, VersionId="none"),
    "archive: write below runs": lambda world: world.aws("s3").upload_fileobj(
        io.BytesIO(b"written"), world.bucket, "runs/permissions/written.txt"
    ),
    "archive: write elsewhere": s3("put_object", Key="elsewhere/written.txt", Body=b"written"),
    "archive: begin an upload below runs": s3("create_multipart_upload", Key=OBJECT),
    "archive: abort an upload below runs": abort_upload(OBJECT),
    "archive: abort an upload elsewhere": abort_upload(BESIDE),
    "archive: delete below runs": s3("delete_object", Key=OBJECT),
    "archive: delete a version": s3("delete_object", Key=OBJECT, VersionId="none"),
    "archive: open an object to others": s3("put_object_acl", Key=OBJECT, ACL="public-read"),
    "archive: list below runs": list_below("runs/permissions/"),
    "archive: list elsewhere": list_below("elsewhere/"),
    "archive: list all": s3("list_objects_v2"),
    "archive: list versions": s3("list_object_versions", Prefix="runs/permissions/"),
    "archive: list uploads": s3("list_multipart_uploads", Prefix="runs/permissions/"),
    "archive: read the policy": s3("get_bucket_policy"),
    "archive: change the policy": s3("put_bucket_policy", Policy=json.dumps(POLICY)),
    "archive: delete": s3("delete_bucket"),
    "buckets: list": lambda world: world.aws("s3").list_buckets(),
    "alerts: publish": topic("publish", Message="from the tests"),
    "alerts: subscribe": topic("subscribe", Protocol="email", Endpoint="nobody@example.com"),
    "alerts: delete": topic("delete_topic"),
    "own log: read": logs("filter_log_events", own),
    "own log: delete": logs("delete_log_group", own),
    "another's log: write": logs("put_log_events", others, logStreamName="tests", logEvents=EVENTS),
    "another's log: read": logs("filter_log_events", others),
    "functions: invoke": invoke,
    "functions: replace own code": replace_code,
    "functions: change own settings": change_own_settings,
    "functions: list": lambda world: world.aws("lambda").list_functions(),
    "roles: widen own": widen_own_role,
    "roles: take another": take_another_role,
    "roles: list": lambda world: world.aws("iam").list_roles(),
    "schedule: switch off": switch_sweep_off,
    "alarms: silence": silence_alarms,
    "webhook: delete": delete_webhook,
    "stack: describe": lambda world: world.aws("cloudformation").describe_stacks(),
}

# The rows: each function's role, and all that it may do; but for its log, which the embedded AWS
# writes itself and names otherwise than AWS does (without the ":*" of a log group's ARN).
ROLES: dict[str, set[str]] = {
    "Ingest": {
        "records: get an item",
        "records: update an item",
        "records: query by schedule",
        "schedules: get an item",
        "schedules: put an item",
        "records: count",
        "records: count by workspace",
        "workspaces: update an item",
        "run queue: send",
        "quarantine: send",
        "webhook secret: read",
    },
    "Fetch": {
        "records: get an item",
        "records: update an item",
        "records: query by schedule",
        "schedules: get an item",
        "schedules: put an item",
        "workspaces: get an item",
        "run queue: receive",
        "run queue: delete a message",
        "run queue: hide a message",
        "run queue: ask how many wait",
        "run queue: send",
        "dead letters: send",
        "API secret: read",
        "archive: read below runs",
        "archive: write below runs",
        "archive: begin an upload below runs",
        "archive: abort an upload below runs",
        "archive: list below runs",
        "archive: read rows",
        "archive: write rows",
        "archive: list rows",
        "alerts: publish",
    },
    "Sweep": {
        "records: query by workspace",
        "records: count by workspace",
        "records: query by schedule",
        "records: get an item",
        "records: update an item",
        "schedules: query",
        "schedules: get an item",
        "schedules: put an item",
        "workspaces: scan",
        "workspaces: get an item",
        "workspaces: update an item",
        "run queue: send",
        "alerts: publish",
        "API secret: read",
    },
}


@pytest.fixture(scope="module")
def physical(client: Client) -> dict[str, str]:
    cloudformation = client.aws("cloudformation")
    resources = cloudformation.describe_stack_resources(StackName="ParadimeRunArchive-local")
    return {
        resource["LogicalResourceId"][:-8]: resource["PhysicalResourceId"]
        for resource in resources["StackResources"]
    }


@pytest.fixture(scope="module", autouse=True)
def objects(client: Client) -> None:
    for key in (OBJECT, BESIDE):
        client.s3.put_object(Bucket=client.outputs.bucket, Key=key, Body=b"there")


@pytest.fixture(scope="module", autouse=True)
def topic_without_default_policy(client: Client) -> None:
    """A deployed topic has a policy of ours, which refuses plain HTTP and allows nobody anything.

    The local one has the policy that SNS makes, which lets the whole account in.
    """
    client.aws("sns").set_topic_attributes(
        TopicArn=client.outputs.failed_runs_topic,
        AttributeName="Policy",
        AttributeValue=json.dumps(POLICY),
    )


@pytest.fixture(scope="module")
def worlds(client: Client, physical: dict[str, str]) -> dict[str, World]:
    return {role: world(client, physical, role) for role in ROLES}


def world(client: Client, physical: dict[str, str], role: str) -> World:
    taken = client.aws("sts").assume_role(
        RoleArn=f"arn:aws:iam::000000000000:role/{physical[f'{role}Role']}",
        RoleSessionName="tests",
    )["Credentials"]
    session = boto3.Session(
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
        region_name=client.outputs.region,
    )

    def aws(service: Any) -> Any:
        return session.client(service, endpoint_url=client.outputs.endpoint_url)

    return World(client, role, aws, physical)


def is_denied(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in DENIED


@contextmanager
def whatever_but_denied() -> Iterator[None]:
    """A receipt handle or an upload that is not there is no matter of rights."""
    try:
        yield
    except ClientError as error:
        if is_denied(error):
            raise


@pytest.mark.parametrize(
    ("role", "call"), [(role, call) for role, allowed in ROLES.items() for call in sorted(allowed)]
)
def test_role_may(worlds: dict[str, World], role: str, call: str) -> None:
    with whatever_but_denied():
        CALLS[call](worlds[role])


@pytest.mark.parametrize(
    ("role", "call"),
    [(role, call) for role, allowed in ROLES.items() for call in CALLS if call not in allowed],
)
def test_role_may_not(worlds: dict[str, World], role: str, call: str) -> None:
    with pytest.raises(ClientError) as refused:
        CALLS[call](worlds[role])
    assert is_denied(refused.value), refused.value


def test_every_function_has_its_row(physical: dict[str, str]) -> None:
    functions = {name.removesuffix("Function") for name in physical if name.endswith("Function")}
    assert functions == ROLES.keys()
