"""The rule packs: on, and satisfied."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from tests.infra.templates import application, synthesized


@pytest.mark.parametrize("context", [{}, {"local": "{}"}, {"alertEmail": "me@example.com"}])
def test_cdk_nag_finds_nothing(context: dict[str, object]) -> None:
    synthesized(**context)


def test_cdk_nag_finds_an_open_bucket() -> None:
    _, stack = application()
    s3.Bucket(stack, "Open")
    with pytest.raises(RuntimeError, match="AwsSolutions-S1"):
        Template.from_stack(stack)


def test_cdk_nag_finds_a_queue_without_dead_letters() -> None:
    _, stack = application()
    sqs.Queue(stack, "Open")
    with pytest.raises(RuntimeError, match="Serverless-SQSRedrivePolicy"):
        Template.from_stack(stack)


def test_an_acknowledged_wildcard_leaves_the_next_one_to_be_found() -> None:
    _, stack = application()
    role = stack.node.find_child("Fetch").node.find_child("Role")
    assert isinstance(role, iam.Role)
    role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject*"], resources=["*"]))
    with pytest.raises(RuntimeError, match=r"AwsSolutions-IAM5\[Action::s3:GetObject\*\]"):
        Template.from_stack(stack)


def test_every_acknowledgment_is_on_the_resource_that_it_is_about() -> None:
    _, stack = application()
    acknowledged = [
        construct
        for construct in stack.node.find_all()
        if any(entry.type == "aws:cdk:acknowledged-rules" for entry in construct.node.metadata)
    ]
    assert acknowledged
    for construct in acknowledged:
        assert construct.node.default_child, f"{construct.node.path} is more than one resource"


def test_cfn_lint_finds_nothing(template: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(json.dumps(template))
    linter = str(Path(sys.executable).with_name("cfn-lint"))
    linted = subprocess.run([linter, str(file)], capture_output=True, text=True, check=False)
    assert linted.stdout + linted.stderr == ""


def test_wrong_setting_stops_the_application_with_its_sentence(tmp_path: Path) -> None:
    environment = {
        "CDK_CONTEXT_JSON": json.dumps({"retentionDays": 0}),
        "CDK_OUTDIR": str(tmp_path),
        "PATH": str(Path(sys.executable).parent),
    }
    stopped = subprocess.run(
        [sys.executable, "app.py"],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert stopped.returncode == 1
    assert stopped.stderr.startswith("The setting retentionDays")
    assert stopped.stderr.count("\n") == 1
