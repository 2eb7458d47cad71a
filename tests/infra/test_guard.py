"""The proactive rules of AWS Control Tower, by cfn-guard: each finding is fixed, or answered with a
reason in `tests/guard/answers.json`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from cdklabs.cdk_validator_cfnguard import CfnGuardValidator

from infra.settings import read_settings
from infra.stack import ArchiveStack
from tests.infra.templates import KEY, ROOT, without_hash

OPEN = "Open"
_NUMBER = re.compile(r"\[(CT\.[A-Z0-9.]+)\]")


@dataclass(frozen=True)
class Finding:
    rule: str
    resource: str


@dataclass(frozen=True)
class Answer:
    """`resources` is a pattern; a `setting` is one with which the finding is gone."""

    rule: str
    resources: str
    reason: str
    setting: str | None = None

    def covers(self, finding: Finding) -> bool:
        return finding.rule == self.rule and fnmatchcase(finding.resource, self.resources)


ANSWERS = [
    Answer(**answer) for answer in json.loads((ROOT / "tests/guard/answers.json").read_text())
]


def findings(outdir: Path, **context: object) -> set[Finding]:
    """Those of the stack with these settings and an open bucket, by the report of the synth."""
    app = cdk.App(context={"aws:cdk:bundling-stacks": []}, outdir=str(outdir))
    stack = ArchiveStack(app, settings=read_settings(context))
    s3.Bucket(stack, OPEN)
    guard: Any = CfnGuardValidator(control_tower_rules_enabled=True)  # typed for an older CDK
    cdk.Validations.of(app).add_plugins(guard)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    return set(_findings(json.loads((outdir / "validation-report.json").read_text())))


def _findings(report: Any) -> Iterator[Finding]:
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            rule = _NUMBER.match(violation["description"])
            assert rule
            for construct in violation["violatingConstructs"]:
                resource = construct["cloudFormationResource"]["logicalId"]
                yield Finding(rule[1], without_hash(resource))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    return findings(tmp_path_factory.mktemp("guard"))


def test_every_finding_is_answered(found: set[Finding]) -> None:
    own = {finding for finding in found if not finding.resource.startswith(OPEN)}
    assert {f for f in own if not any(answer.covers(f) for answer in ANSWERS)} == set()


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.rule)
def test_every_answer_is_still_needed(found: set[Finding], answer: Answer) -> None:
    assert any(answer.covers(finding) for finding in found)


def test_a_bucket_without_versions_is_found(found: set[Finding]) -> None:
    assert any(finding.resource.startswith(OPEN) for finding in found)


@pytest.fixture(scope="module")
def found_with_settings(tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    """With those settings that answer a rule."""
    outdir = tmp_path_factory.mktemp("guard")
    return findings(outdir, logRetentionDays=365, kmsKeyArn=KEY)


@pytest.mark.parametrize(
    "answer", [answer for answer in ANSWERS if answer.setting], ids=lambda answer: answer.rule
)
def test_a_setting_answers_the_rule(found_with_settings: set[Finding], answer: Answer) -> None:
    own = {found for found in found_with_settings if not found.resource.startswith(OPEN)}
    assert not any(answer.covers(finding) for finding in own)


def test_settings_break_no_other_rule(
    found: set[Finding], found_with_settings: set[Finding]
) -> None:
    assert found_with_settings < found
