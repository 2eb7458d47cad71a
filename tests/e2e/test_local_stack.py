"""The local stack itself: what it offers, what it keeps, and that it leaves nothing behind."""

import io
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from cli.commands.set_up.payloads import with_api_url
from cli.commands.set_up.send import deliver
from cli.stack.target import isolated_session
from local.stack import LocalStackError
from local.stack.outputs import Outputs, read_outputs
from local.stack.stack import LocalStack, local_stack
from local.stack.state import StateDir
from tests.e2e.client import eventually

pytestmark = pytest.mark.e2e

EVENTS = Path(__file__).parents[2] / "events"
RUN_KEY = {"run_key": {"S": "n0sg8br1m44k0ryj#63187"}}


def client(outputs: Outputs, service: Any) -> Any:
    return outputs.operator.session().client(service, endpoint_url=outputs.endpoint_url)


def send_failed_run(outputs: Outputs) -> None:
    """The vendor's example, from an address that is on no allow-list: no network is needed."""
    secret = {"scheme": "standard-webhooks", "secrets": [outputs.signing_secret]}
    body = with_api_url(
        (EVENTS / "run_completed.json").read_bytes(), "https://bolt.invalid/graphql"
    )
    deliver(outputs.webhook_url, json.dumps(secret), body)


def record(outputs: Outputs) -> dict[str, Any]:
    found = client(outputs, "dynamodb").get_item(TableName=outputs.table, Key=RUN_KEY)
    item: dict[str, Any] = found.get("Item", {})
    return item


def was_fetched(outputs: Outputs) -> bool:
    return "archive_error" in record(outputs)


def processes(state_dir: Path) -> list[str]:
    """Those that name the state directory: the stack, the embedded AWS, its workers, `cdk`."""
    ps = [str(shutil.which("ps")), "-wweo", "args="]
    listed = subprocess.run(ps, capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if str(state_dir) in line]


# --- what it offers


def test_outputs_file_has_what_the_stack_is_used_by(stack: LocalStack) -> None:
    file = stack.state.outputs
    assert json.loads(file.read_text()).keys() == {
        "webhook_url",
        "signing_secret",
        "endpoint_url",
        "region",
        "table",
        "schedules_table",
        "bucket",
        "queue_url",
        "dlq_url",
        "quarantine_url",
        "failed_runs_topic",
        "webhook_secret_arn",
        "api_secret_arn",
        "sweep_function",
        "access_key_id",
        "secret_access_key",
        "pid",
    }
    assert read_outputs(stack.state) == stack.outputs


def test_outputs_file_is_for_its_owner_alone(stack: LocalStack) -> None:
    assert stat.S_IMODE(stack.state.outputs.stat().st_mode) == 0o600


def test_state_directory_is_for_its_owner_alone(stack: LocalStack) -> None:
    assert stat.S_IMODE(stack.state.root.stat().st_mode) == 0o700


def test_it_listens_on_one_loopback_address_alone(outputs: Outputs) -> None:
    address = urlsplit(outputs.endpoint_url)
    assert address.hostname == "127.0.0.1"
    with pytest.raises(OSError, match=r"refused|assign"):
        socket.create_connection(("127.0.0.2", int(address.port or 0)), timeout=5)


def test_every_output_names_something_that_is_there(outputs: Outputs) -> None:
    for table in (outputs.table, outputs.schedules_table):
        client(outputs, "dynamodb").describe_table(TableName=table)
    client(outputs, "s3").head_bucket(Bucket=outputs.bucket)
    for queue in (outputs.queue_url, outputs.dlq_url, outputs.quarantine_url):
        assert queue.startswith(outputs.endpoint_url)
        client(outputs, "sqs").get_queue_attributes(QueueUrl=queue)
    client(outputs, "sns").get_topic_attributes(TopicArn=outputs.failed_runs_topic)


def test_signing_secret_is_the_one_that_deliveries_are_verified_with(outputs: Outputs) -> None:
    secrets = client(outputs, "secretsmanager")
    stored = secrets.get_secret_value(SecretId=outputs.webhook_secret_arn)["SecretString"]
    assert json.loads(stored) == {
        "scheme": "standard-webhooks",
        "secrets": [outputs.signing_secret],
    }


def test_webhook_refuses_what_is_not_signed(outputs: Outputs) -> None:
    answer = requests.post(outputs.webhook_url, json={}, timeout=30)
    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})


def test_only_the_webhook_route_is_served(outputs: Outputs) -> None:
    assert requests.get(outputs.webhook_url, timeout=30).status_code == 404
    assert requests.post(f"{outputs.webhook_url}/more", timeout=30).status_code == 404


def test_iam_is_enforced(outputs: Outputs) -> None:
    iam = client(outputs, "iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    nobody = boto3.Session(
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        region_name=outputs.region,
    ).client("dynamodb", endpoint_url=outputs.endpoint_url)
    with pytest.raises(ClientError, match="AccessDenied"):
        nobody.get_item(TableName=outputs.table, Key=RUN_KEY)


# --- whom it serves

CORS = "access-control-"


def as_root(outputs: Outputs, access_key_id: str, secret_access_key: str) -> Any:
    session = isolated_session(access_key_id, secret_access_key, outputs.region)
    return session.client("secretsmanager", endpoint_url=outputs.endpoint_url)


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
def test_web_page_of_somebody_else_is_refused(outputs: Outputs, method: str) -> None:
    page = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    for url in (outputs.endpoint_url, outputs.webhook_url):
        answer = requests.request(method, url, headers=page, timeout=30)
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.lower().startswith(CORS)]


def test_name_that_was_made_to_point_to_loopback_is_refused(outputs: Outputs) -> None:
    rebound = {"Host": f"example.com:{urlsplit(outputs.endpoint_url).port}"}
    assert requests.get(outputs.endpoint_url, headers=rebound, timeout=30).status_code == 403


@pytest.mark.parametrize("key", ["test", "000000000000"])
def test_ministacks_own_root_is_refused(outputs: Outputs, key: str) -> None:
    with pytest.raises(ClientError, match="403"):
        as_root(outputs, key, "test").list_secrets()


def test_access_key_without_its_secret_is_refused(outputs: Outputs) -> None:
    with pytest.raises(ClientError, match="signature"):
        as_root(outputs, outputs.access_key_id, "test").list_secrets()


def test_no_answer_lets_web_pages_in(outputs: Outputs) -> None:
    answer = client(outputs, "sqs").list_queues()
    assert not [name for name in answer["ResponseMetadata"]["HTTPHeaders"] if CORS in name]


# --- what a function may take

KEEPS = """
import time

def handler(event, context):
    kept = b"x" * (event["mib"] << 20)
    time.sleep(event["seconds"])
    return len(kept)
"""


@pytest.fixture(scope="module")
def keeper(outputs: Outputs) -> str:
    """A function of 128 MiB that keeps so much memory as it is told."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    policy = {"Version": "2012-10-17", "Statement": [trust | {"Action": "sts:AssumeRole"}]}
    role = client(outputs, "iam").create_role(
        RoleName="keeper", AssumeRolePolicyDocument=json.dumps(policy)
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("keeper.py", KEEPS)
    function = client(outputs, "lambda").create_function(
        FunctionName="keeper",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="keeper.handler",
        Code={"ZipFile": buffer.getvalue()},
        MemorySize=128,
        Timeout=30,
    )
    return str(function["FunctionName"])


def keep(outputs: Outputs, keeper: str, **event: int) -> Any:
    answer = client(outputs, "lambda").invoke(FunctionName=keeper, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())


def test_function_within_its_memory_goes_on(outputs: Outputs, keeper: str) -> None:
    assert keep(outputs, keeper, mib=32, seconds=0) == 32 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process takes")
def test_function_beyond_its_memory_is_killed(stack: LocalStack, keeper: str) -> None:
    answer = keep(stack.outputs, keeper, mib=256, seconds=60)
    assert "process died" in answer["errorMessage"]
    assert "killed keeper" in stack.state.aws_log.read_text()


# --- one sentence when it cannot be had


def test_second_stack_on_a_state_directory_is_refused(stack: LocalStack) -> None:
    with (
        pytest.raises(LocalStackError, match=r"already running in .*`python -m local down"),
        local_stack(stack.state.root),
    ):
        pass


def test_second_stack_leaves_the_first_one_alone(stack: LocalStack) -> None:
    with pytest.raises(LocalStackError), local_stack(stack.state.root, fresh=True):
        pass
    assert read_outputs(stack.state) == stack.outputs
    assert requests.post(stack.outputs.webhook_url, timeout=30).status_code == 401


def test_taken_port_is_refused(stack: LocalStack, tmp_path: Path) -> None:
    port = urlsplit(stack.outputs.endpoint_url).port
    with (
        pytest.raises(LocalStackError, match=f"Port {port} on 127.0.0.1 .*--port"),
        local_stack(tmp_path, port=port),
    ):
        pass
    assert processes(tmp_path) == []


def test_no_stack_means_no_outputs(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match="make local"):
        read_outputs(StateDir(tmp_path))


# --- what it keeps, and what it leaves behind


def test_processes_are_seen_while_they_run(stack: LocalStack) -> None:
    assert processes(stack.state.root)


def local(*arguments: str, state_dir: Path) -> str:
    """`python -m local …` among AWS settings of a user, none of which may be used."""
    theirs = {
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "theirs",
        "AWS_SECRET_ACCESS_KEY": "theirs",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "CDK_CONTEXT_JSON": '{"stage": "theirs"}',
    }
    finished = subprocess.run(
        [sys.executable, "-m", "local", *arguments, "--state-dir", str(state_dir)],
        env={**os.environ, **theirs},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@dataclass(frozen=True)
class Lives:
    """What was seen of one state directory whose stack was stopped, and then killed."""

    first: Outputs
    left_by_down: list[str]
    outputs_after_down: bool
    saved: list[int]
    second: Outputs
    record: dict[str, Any]
    body: bytes
    fetched: bool
    left_by_kill: list[str]


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    state = StateDir(tmp_path_factory.mktemp("lives"))
    try:
        local("up", "--detach", state_dir=state.root)
        first = read_outputs(state)
        send_failed_run(first)
        eventually(lambda: was_fetched(first), "the run is fetched")
        client(first, "s3").put_object(Bucket=first.bucket, Key="runs/kept.txt", Body=b"kept")
        local("down", state_dir=state.root)
        left_by_down = processes(state.root)
        outputs_after_down = state.outputs.exists()
        folders = (state.saved_state, state.objects)
        files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
        saved = [file.stat().st_mode for file in files]

        local("up", "--detach", state_dir=state.root)
        second = read_outputs(state)
        kept = record(second)
        body = client(second, "s3").get_object(Bucket=second.bucket, Key="runs/kept.txt")["Body"]
        read = body.read()
        client(second, "dynamodb").delete_item(TableName=second.table, Key=RUN_KEY)
        send_failed_run(second)
        fetched = eventually(lambda: was_fetched(second), "the run is fetched at another port")

        os.kill(second.pid, signal.SIGKILL)
        eventually(lambda: not processes(state.root), "no process is left")
        yield Lives(
            first,
            left_by_down,
            outputs_after_down,
            saved,
            second,
            kept,
            read,
            fetched,
            processes(state.root),
        )
    finally:
        local("down", state_dir=state.root)


def test_down_leaves_no_process(lives: Lives) -> None:
    assert lives.left_by_down == []


def test_down_takes_the_outputs_file_away(lives: Lives) -> None:
    assert not lives.outputs_after_down


def test_saved_state_is_for_its_owner_alone(lives: Lives) -> None:
    assert lives.saved
    assert {mode & 0o077 for mode in lives.saved} == {0}


def test_credentials_are_others_each_time(lives: Lives) -> None:
    assert lives.first.access_key_id != lives.second.access_key_id
    assert lives.first.secret_access_key != lives.second.secret_access_key


def test_port_is_another_free_one_each_time(lives: Lives) -> None:
    assert lives.first.endpoint_url != lives.second.endpoint_url


def test_record_is_kept_over_a_restart(lives: Lives) -> None:
    assert lives.record["state"] == {"S": "failed"}


def test_object_is_kept_over_a_restart(lives: Lives) -> None:
    assert lives.body == b"kept"


def test_signing_secret_is_kept_over_a_restart(lives: Lives) -> None:
    assert lives.first.signing_secret == lives.second.signing_secret


def test_queue_still_feeds_the_function_at_another_port(lives: Lives) -> None:
    assert lives.fetched


def test_killed_stack_leaves_no_process(lives: Lives) -> None:
    assert lives.left_by_kill == []


def test_interrupted_start_leaves_no_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--state-dir", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "deploying" in line:
                process.terminate()
                break
        process.wait()
    # A process that was killed is listed until the kernel has taken it apart.
    eventually(lambda: processes(tmp_path) == [], "no process is left")
    assert not StateDir(tmp_path).outputs.exists()


def test_fresh_forgets(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.root.mkdir(exist_ok=True)
    (state.root / "objects").mkdir()
    (state.root / "port").write_text("1")
    with state.locked():
        state.forget()
        assert [entry.name for entry in state.root.iterdir()] == ["lock"]


def test_down_without_a_stack_says_so(tmp_path: Path) -> None:
    assert "no local stack is running" in local("down", state_dir=tmp_path)
