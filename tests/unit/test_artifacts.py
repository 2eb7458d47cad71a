"""dbt's artifacts as large as they are read, whatever is in them: in little memory."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.artifacts import MIB, SAMPLES, filled, large_manifest, large_results, manifest_with_nan
from functions.findings.artifacts import manifest, run_results
from functions.findings.artifacts.artifact import MAX_ARTIFACT_BYTES
from functions.shared.errors import NotUnderstoodError

ROOT = Path(__file__).parents[2]
RUN_RESULTS, MANIFEST = SAMPLES / "run_results.json", SAMPLES / "manifest.json"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux bounds the memory of a process"
)

# The file is read first, without traces on the heap. From then on the process may take 64 MiB.
BOUNDED = """
import json, os, re, resource, sys
from functions.findings.artifacts import manifest, run_results
from functions.shared.errors import NotUnderstoodError
path, kind = sys.argv[1:]
body = bytearray(os.path.getsize(path))
with open(path, "rb", buffering=0) as file:
    assert file.readinto(body) == len(body)
with open("/proc/self/status") as status:
    taken = int(re.search(r"VmSize:\\s+(\\d+) kB", status.read())[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (taken + 64 * 2**20, taken + 64 * 2**20))
try:
    if kind == "manifest":
        read = manifest.read(body)
        node = read.node("model.jaffle_7.customers")
        said = [len(read.parents), node.original_file_path, bool(node.compiled_code)]
    else:
        read = run_results.read(body)
        not_well = read.failed.count + read.warned.count + read.skipped.count
        said = [not_well, read.unread_rows, read.fault]
except NotUnderstoodError as e:
    said = str(e)
print(json.dumps(said))
"""


def read_bounded(kind: str, path: Path) -> Any:
    finished = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(path), kind],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


class TestRunResults:
    @pytest.mark.parametrize(
        "row",
        [b"0", b"{}", b"[]", b'""', b"1e999", b'{"unique_id":7}', b'{"unique_id":"a"}'],
    )
    def test_that_are_wrong_in_every_row_are_unread(self, tmp_path: Path, row: bytes) -> None:
        filled(path := tmp_path / "file", b'{"results":[', row, b"]}", 6 * MIB)
        assert "more than 1,000 of its results" in read_bounded("results", path)

    @pytest.mark.parametrize(
        ("member", "value"),
        [(b"message", b"[]"), (b"node", b"{}"), (b"more", b'"a"'), (b"failures", b"[[[0]]]")],
    )
    def test_of_one_row_that_holds_everything_its_reason_alone_is_taken(
        self, tmp_path: Path, member: bytes, value: bytes
    ) -> None:
        start = b'{"results":[{"unique_id":"a","status":"error","%b":[' % member
        filled(path := tmp_path / "file", start, value, b"]}]}", 6 * MIB)
        assert read_bounded("results", path) == [1, 0, None]

    def test_that_are_well_take_nothing_however_many(self, tmp_path: Path) -> None:
        row = b'{"unique_id":"a","status":"pass"}'
        filled(path := tmp_path / "file", b'{"results":[', row, b"]}", 12 * MIB)
        assert read_bounded("results", path) == [0, 0, None]

    def test_as_dbt_writes_them_are_read_whole(self, tmp_path: Path) -> None:
        copies = large_results(tmp_path / "file")
        sample = run_results.read(RUN_RESULTS.read_bytes())
        found = copies * (sample.failed.count + sample.warned.count + sample.skipped.count)
        assert read_bounded("results", tmp_path / "file") == [found, 0, None]


class TestManifest:
    @pytest.mark.parametrize("write", [large_manifest, manifest_with_nan])
    def test_as_dbt_writes_it_is_read(self, tmp_path: Path, write: Callable[[Path], int]) -> None:
        file = tmp_path / "file"
        copies = write(file)
        assert 0.95 < file.stat().st_size / MAX_ARTIFACT_BYTES <= 1
        parents, place, has_code = read_bounded("manifest", file)
        assert parents == (copies + 1) * len(json.loads(MANIFEST.read_bytes())["parent_map"])
        assert (place, has_code) == ("models/marts/customers.sql", True)

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("macros", b"[]"),
            ("parent_map", b"{}"),
            ("unit_tests", b"[]"),
            ("nodes_", b"1e999"),
            ("docs", b"NaN"),
        ],
    )
    def test_what_is_not_wanted_takes_nothing(
        self, tmp_path: Path, member: str, value: bytes
    ) -> None:
        start = f'{{"nodes": {{"model.jaffle_7.customers": {{}}}}, "{member}": ['.encode()
        filled(path := tmp_path / "file", start, value, b"]}", 90_000 * (len(value) + 1))
        assert read_bounded("manifest", path) == [0, None, False]

    def test_of_more_nodes_than_memory_holds_is_unread(self) -> None:
        nodes = ",".join(f'"{at}": {{}}' for at in range(manifest.MAX_OBJECTS))
        with pytest.raises(NotUnderstoodError, match="more than 1,000,000 objects"):
            manifest.read(f'{{"nodes": {{{nodes}}}}}'.encode())

    def test_of_more_parents_than_memory_holds_is_unread(self) -> None:
        names = ",".join(['"a"'] * manifest.MAX_PARENTS)
        with pytest.raises(NotUnderstoodError, match="more than 500,000 names"):
            manifest.read(f'{{"parent_map": {{"a": [{names}]}}}}'.encode())


class TestRows:
    @pytest.mark.parametrize(
        "row",
        [
            '{"unique_id": "b", "status": "pass"}',
            ' \n{"unique_id": "]}[{,", "status": "\\"}]"} ',
            '{"unique_id": "b", "status": "pass", "x": [[{"y": []}, "\\\\"], {}]}',
        ],
    )
    def test_each_is_read_by_itself(self, row: str) -> None:
        failed = '{"unique_id": "a", "status": "fail"}'
        read = run_results.read(f'{{"results": [{failed},{row} ,{failed}]}}'.encode())
        assert [result.unique_id for result in read.failed] == ["a", "a"]
        assert read.unread_rows == 0

    @pytest.mark.parametrize("rows", ["[]", "[ ]"])
    def test_there_may_be_none(self, rows: str) -> None:
        assert run_results.read(f'{{"results": {rows}}}'.encode()).failed.count == 0
