"""The Pythons that pyproject.toml declares, and those that the checks run on."""

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = [classifier.rpartition(" :: ")[2] for classifier in PROJECT["classifiers"]]


def test_every_declared_python_is_checked() -> None:
    workflow = (ROOT / ".github/workflows/checks.yml").read_text()
    matrix = re.search(r"^ +python: (\[.+\])$", workflow, re.MULTILINE)
    assert matrix is not None
    assert json.loads(matrix[1]) == DECLARED


def test_the_oldest_declared_python_is_the_oldest_that_may_install() -> None:
    assert PROJECT["requires-python"] == f">={DECLARED[0]}"
