"""What is found out about a run stays within memory and time, whatever its artifacts hold."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux bounds the memory of a process"
)

# The artifacts are made first. From then on the process may take 128 MiB.
BOUNDED = """
import json, re, resource, sys, time
from functions.findings.document import document
from tests.archives import archive_from, payload
from tests.poison.poisons import POISONS
archive = archive_from(payload())
[poison] = [poison for poison in POISONS if poison.name == sys.argv[1]]
for path, pieces in poison.files.items():
    archive.put(70, path, b"".join(pieces()))
with open("/proc/self/status") as status:
    taken = int(re.search(r"VmSize:\\s+(\\d+) kB", status.read())[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (taken + 128 * 2**20, taken + 128 * 2**20))
begun = time.process_time()
failed = archive.what_failed()
written = document(archive.event, failed)
print(json.dumps({
    "seconds": time.process_time() - begun,
    "bytes": len(written),
    "told": json.loads(written[: written.index(b'"failures": [')] + b'"end": 0}'),
    "largest_cause_count": max((group.cause_count for group in failed.skipped), default=0),
    "unread": [file.reason for file in failed.unread],
}))
"""


def found_in(poison: str) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, "-c", BOUNDED, poison],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


@pytest.mark.parametrize(
    ("poison", "failed", "skipped", "most"),
    [
        ("chain", 3_000, 3_000, 2 * MIB),
        ("long chain", 150_000, 150_000, 4 * MIB),
        ("outage", 2_000, 6_000, 4 * MIB),
        ("many results", 32_000, 0, 16 * MIB),
        ("hub", 100_000, 1_000, 4 * MIB),
        ("circle", 5_000, 5_000, 4 * MIB),
        ("long names", 20, 0, 1 * MIB),
        ("loud", 1, 0, 1 * MIB),
    ],
)
def test_all_nodes_are_counted_and_as_many_told_as_fit(
    poison: str, failed: int, skipped: int, most: int
) -> None:
    found = found_in(poison)
    assert (found["told"]["failure_count"], found["told"]["skipped_count"]) == (failed, skipped)
    assert found["bytes"] < most
    assert found["unread"] == []
    # Of a processor, whatever else runs: growth with the square of the input would take far more.
    assert found["seconds"] < 30


def test_of_the_causes_of_a_node_the_first_are_listed_and_all_are_counted() -> None:
    assert found_in("chain")["largest_cause_count"] == 3_000


def test_what_is_not_listed_is_counted_as_left_out() -> None:
    left_out = found_in("long chain")["told"]["left_out"]
    assert 0 < left_out.pop("groups") < 5_000
    assert left_out == {
        "exposures": 0,
        "failures": 145_000,
        "warnings": 0,
        "skipped": 130_000,
        "unread": 0,
        "partly_read": 0,
    }
