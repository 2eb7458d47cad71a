"""Without Chromium the tests of the page are skipped where people work, and fail in CI."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
A_TEST = "tests/browser/test_page.py::TestHostile::test_it_runs_no_script"


def run_without_chromium(**environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    kept["PATH"] = str(Path(__file__).parent)  # without one, a default that may hold Chromium
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", A_TEST],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_last_line_says_that_they_were_skipped() -> None:
    finished = run_without_chromium()
    assert finished.returncode == 0, finished.stdout
    last = finished.stdout.splitlines()[-1]
    assert last.startswith("page tests skipped: 1; chromium is not installed")


def test_in_ci_it_is_a_failure() -> None:
    finished = run_without_chromium(CI="true")
    assert finished.returncode == 1
    assert "chromium is not installed" in finished.stdout
