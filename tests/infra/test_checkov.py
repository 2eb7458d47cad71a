"""checkov's findings: each is fixed, or answered with a reason in `tests/checkov/answers.json`.

checkov lives in an environment of its own, which `make test` makes; it loads nothing from outside.
"""

import json
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.infra.templates import KEY, ROOT, synthesized, without_hash

CHECKOV = ROOT / ".venv" / "checkov" / "bin" / "checkov"

# Beside the stack's own resources, to see that the scan finds something.
OPEN = "Open"
OPEN_BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}


@dataclass(frozen=True)
class Finding:
    check: str
    resource: str


@dataclass(frozen=True)
class Answer:
    """`resources` is a pattern such as `AWS::SQS::Queue.*`; a `setting` is one with which the
    finding is gone."""

    check: str
    resources: str
    reason: str
    setting: str | None = None

    def covers(self, finding: Finding) -> bool:
        return finding.check == self.check and fnmatchcase(finding.resource, self.resources)


ANSWERS = [
    Answer(**answer) for answer in json.loads((ROOT / "tests/checkov/answers.json").read_text())
]


@pytest.fixture(scope="module")
def report(template: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return scanned(template, tmp_path_factory.mktemp("checkov") / "template.json")


def scanned(template: dict[str, Any], file: Path) -> dict[str, Any]:
    file.write_text(json.dumps({"Resources": template["Resources"] | {OPEN: OPEN_BUCKET}}))
    command = [str(CHECKOV), "--file", str(file), "--framework", "cloudformation"]
    command += ["--skip-download", "--soft-fail", "--output", "json"]
    scan = subprocess.run(command, capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(scan.stdout)
    return report


@pytest.fixture(scope="module")
def findings(report: dict[str, Any]) -> list[Finding]:
    return findings_in(report)


def findings_in(report: dict[str, Any]) -> list[Finding]:
    return [
        Finding(failed["check_id"], without_hash(failed["resource"]))
        for failed in report["results"]["failed_checks"]
        if failed["resource"] != f"AWS::S3::Bucket.{OPEN}"
    ]


def test_every_resource_was_scanned(template: dict[str, Any], report: dict[str, Any]) -> None:
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] == len(template["Resources"]) + 1


def test_every_finding_is_answered(findings: list[Finding]) -> None:
    unanswered = {f for f in findings if not any(answer.covers(f) for answer in ANSWERS)}
    assert unanswered == set()


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: f"{answer.check} {answer.resources}")
def test_every_answer_is_still_needed(findings: list[Finding], answer: Answer) -> None:
    assert any(answer.covers(finding) for finding in findings)


def test_an_open_bucket_is_found(report: dict[str, Any]) -> None:
    failed = report["results"]["failed_checks"]
    found = {f["check_id"] for f in failed if f["resource"] == f"AWS::S3::Bucket.{OPEN}"}
    assert "CKV_AWS_20" in found


def test_a_key_answers_what_asks_for_one_and_breaks_no_other_rule(
    findings: list[Finding], tmp_path: Path
) -> None:
    with_key = set(findings_in(scanned(synthesized(kmsKeyArn=KEY), tmp_path / "template.json")))
    answered = {
        finding
        for finding in findings
        if any(answer.setting == "kmsKeyArn" and answer.covers(finding) for answer in ANSWERS)
    }
    assert answered
    assert with_key == set(findings) - answered
