"""The stack in somebody else's CDK app, which runs in a directory of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.templates import ROOT, named, of_type

# The bundling alone is left out, which tests/infra/test_bundling.py covers: it needs a network.
APP = """
import aws_cdk as cdk
from aws_cdk import aws_kms as kms, aws_s3 as s3, aws_sns as sns
from infra.settings import Settings
from infra.stack import ArchiveStack
app = cdk.App(outdir="out", context={"aws:cdk:bundling-stacks": []})
ours = cdk.Stack(app, "Ours")
bucket, topic, key = s3.Bucket(ours, "Archives"), sns.Topic(ours, "OnCall"), kms.Key(ours, "Key")
bolt = ArchiveStack(app, "Bolt", settings=Settings(), bucket=bucket, key=key, alarm_topic=topic)
cdk.CfnOutput(cdk.Stack(app, "Watch"), "Failed", value=bolt.alerts.failed_runs.topic_arn)
app.synth()
"""


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("foreign")
    (directory / "app.py").write_text(APP)
    finished = subprocess.run(
        [sys.executable, "app.py"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return directory / "out"


@pytest.fixture(scope="module")
def bolt(assembly: Path) -> dict[str, Any]:
    template: dict[str, Any] = json.loads((assembly / "Bolt.template.json").read_text())
    return template


def test_ten_lines_have_the_archive_in_their_assembly(bolt: dict[str, Any]) -> None:
    assert len(APP.strip().splitlines()) == 10
    assert len(of_type(bolt, "AWS::Lambda::Function")) == 3


def test_the_functions_are_found_from_there(assembly: Path) -> None:
    assets = json.loads((assembly / "Bolt.assets.json").read_text())["files"].values()
    sources = [assembly / asset["source"]["path"] for asset in assets]
    assert any((source / "fetch" / "handler.py").is_file() for source in sources)


def test_a_bucket_and_a_topic_that_are_given_are_not_made(bolt: dict[str, Any]) -> None:
    assert not of_type(bolt, "AWS::S3::Bucket")
    assert of_type(bolt, "AWS::SNS::Topic").keys() == {"AlertsFailedRuns"}


def test_the_functions_use_the_bucket_that_is_given(bolt: dict[str, Any]) -> None:
    fetch = named(bolt)["FetchFunction"]["Properties"]["Environment"]["Variables"]
    assert "Ours:ExportsOutputRefArchives" in fetch["BUCKET_NAME"]["Fn::ImportValue"]
    statements = named(bolt)["FetchRoleDefaultPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    writing = [found for found in statements if "s3:PutObject" in found["Action"]]
    assert writing
    assert all("Archives" in json.dumps(statement["Resource"]) for statement in writing)


def test_a_part_is_an_attribute_that_another_stack_can_use(assembly: Path) -> None:
    watch = json.loads((assembly / "Watch.template.json").read_text())
    assert "AlertsFailedRuns" in json.dumps(watch["Outputs"]["Failed"])
