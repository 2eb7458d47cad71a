"""Memory and time to read dbt's artifacts at their largest, beside the file's own bytes.

Each file is read in a process of its own, of which the peak is known.
"""

import json
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.environment import ROOT
from bench.row import Row
from functions.findings.artifacts.artifact import MAX_ARTIFACT_BYTES

MIB = 1024 * 1024
SAMPLES = ROOT / "events" / "paradime" / "63188" / "193454" / "target"

_READ = """
import json, os, re, sys, time
path, code = sys.argv[1:]
from functions.findings.artifacts import manifest, run_results
from functions.shared.errors import NotUnderstoodError
body = bytearray(os.path.getsize(path))
with open(path, "rb", buffering=0) as file:
    assert file.readinto(body) == len(body)
# Not ru_maxrss: a process inherits that from the one that started it.
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
before, begun = peak(), time.process_time()
try:
    found = eval(code)
except NotUnderstoodError:
    pass
print(json.dumps({"mib": peak() - before, "seconds": time.process_time() - begun}))
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "file")
        for what, write, code in (
            ("6 MB of results, all wrong", wrong_results, "run_results.read(body)"),
            ("64 MiB of results", large_results, "run_results.read(body)"),
            ("a manifest of 64 MiB", large_manifest, "manifest.read(body)"),
            ("the same with a NaN in it", manifest_with_nan, "manifest.read(body)"),
        ):
            write(file)
            ours, peer = _read(file, code), _read(file, "json.loads(body)")
            yield Row(
                what=f"fetch: memory for {what}",
                ours=f"{ours['mib']:.0f} MiB, {ours['seconds']:.2f} s",
                floor=f"{peer['mib']:,.0f} MiB, {peer['seconds']:.2f} s, json.loads",
                value=ours["mib"],
                goal=64,
                unit=" MiB",
            )


def filled(path: Path, start: bytes, piece: bytes, end: bytes, size: int) -> int:
    """Writes a file of just below `size` bytes, full of copies of a piece with commas between."""
    copies = (size - len(start) - len(end)) // (len(piece) + 1)
    path.write_bytes(start + b",".join([piece] * copies) + end)
    return copies


def wrong_results(path: Path) -> int:
    return filled(path, b'{"results":[', b"0", b"]}", 6_000_000)


def large_results(path: Path) -> int:
    """As many copies of the sample's results as are read, one of them with a NaN; how many."""
    rows = json.loads((SAMPLES / "run_results.json").read_text())["results"]
    rows[0]["execution_time"] = math.nan
    piece = json.dumps(rows)[1:-1].encode()
    return filled(path, b'{"results":[', piece, b"]}", MAX_ARTIFACT_BYTES)


def manifest_with_nan(path: Path) -> int:
    return large_manifest(path, metadata='{"share": NaN}')


def large_manifest(path: Path, metadata: str = "{}") -> int:
    """As many copies of the sample's nodes and their parents as are read, renamed; how many."""
    sample = json.loads((SAMPLES / "manifest.json").read_text())
    nodes, parents = (json.dumps(sample[part])[1:-1] for part in ("nodes", "parent_map"))
    name = re.compile(r'"(model|seed|test)\.jaffle\.')
    copies = MAX_ARTIFACT_BYTES // (len(nodes) + len(parents) + 2_500)
    with path.open("w") as file:
        file.write(f'{{"metadata": {metadata}, "nodes": {{{nodes}')
        for copy in range(copies):
            file.write(", " + name.sub(rf'"\1.jaffle_{copy}.', nodes))
        file.write(f'}}, "parent_map": {{{parents}')
        for copy in range(copies):
            file.write(", " + name.sub(rf'"\1.jaffle_{copy}.', parents))
        file.write("}}")
    return copies


def _read(path: Path, code: str) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, "-c", _READ, str(path), code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    measured: dict[str, Any] = json.loads(finished.stdout)
    return measured
