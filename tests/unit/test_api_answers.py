"""Answers of the API as large as they are read, whatever is in them: in bounded memory."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.paradime.api import MAX_ANSWER_BYTES

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux bounds the memory of a process"
)

# The answer is in memory first. From then on the process may take 128 MiB: eight times as much.
BOUNDED = """
import json, os, re, resource, sys
from functions.paradime.answers import read_answer
from functions.paradime.api import CommandAnswer, LogPage
from functions.shared.errors import TryAgainError
path, field = sys.argv[1:]
body = bytearray(os.path.getsize(path))
with open(path, "rb", buffering=0) as file:
    assert file.readinto(body) == len(body)
with open("/proc/self/status") as status:
    taken = int(re.search(r"VmSize:\\s+(\\d+) kB", status.read())[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (taken + 128 * 2**20, taken + 128 * 2**20))
try:
    if field == "boltCommandLogs":
        answer = read_answer(body, "application/json", [], field, LogPage)
        said = len(answer.lines)
    else:
        answer = read_answer(body, "application/json", [], field, CommandAnswer)
        said = [len(answer.stdout or b""), len(answer.resources or ())]
except TryAgainError as e:
    said = str(e)
print(json.dumps(said))
"""


def read_bounded(answer: Callable[[], bytes], folder: Path, field: str = "boltCommand") -> Any:
    path = folder / "answer.json"
    path.write_bytes(answer())
    finished = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(path), field],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def filled(head: bytes, item: bytes, tail: bytes) -> bytes:
    """As long as an answer may be, with as many items as fit."""
    count = (MAX_ANSWER_BYTES - len(head) - len(tail)) // len(item)
    return head + item * count + tail


def log(character: bytes) -> bytes:
    return filled(b'{"data":{"boltCommand":{"stdout":"', b"x", character + b'"}}}')


LISTS = filled(b'{"data":{"boltCommand":{"stdout":"ran","x":[0', b",[]", b"]}}}")
ZEROS = filled(b'{"data":{"boltCommand":{"resources":[0', b",0", b"]}}}")
ERRORS = filled(b'{"errors":[{"message":"no"}', b",0", b"]}")
DATA = filled(b'{"data":{"boltCommand":{"stdout":"ran"}', b',"a":0', b"}}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(lambda: LISTS, [3, 0], id="millions of empty lists"),
        pytest.param(lambda: DATA, [3, 0], id="millions of other fields"),
        pytest.param(
            lambda: ZEROS,
            "Paradime's API answered an unexpected boltCommand: "
            "boltCommand.resources.0: expected an object, got an integer",
            id="millions of zeros in place of resources",
        ),
        pytest.param(
            lambda: ERRORS,
            "Paradime's API answered an error: without a message",
            id="millions of zeros among the errors",
        ),
    ],
)
def test_what_is_not_read_takes_no_memory(
    answer: Callable[[], bytes], said: object, tmp_path: Path
) -> None:
    assert read_bounded(answer, tmp_path) == said


@pytest.mark.parametrize(
    "character", ["…".encode(), "🔥".encode(), b"\\ud800"], ids=["wide", "wider", "half a pair"]
)
def test_a_log_takes_a_few_times_its_size(character: bytes, tmp_path: Path) -> None:
    length, _ = read_bounded(lambda: log(character), tmp_path)
    assert length > MAX_ANSWER_BYTES - 100


@pytest.mark.parametrize(
    "line",
    [
        b'{"stream":"","line":""}',
        b'{"line":"ab","stream":"cd"}',
        '{"stream":"","line":"🔥"}'.encode(),
    ],
    ids=["empty", "short", "wide"],
)
def test_a_page_of_the_shortest_lines_takes_a_few_times_its_size(
    line: bytes, tmp_path: Path
) -> None:
    def page() -> bytes:
        head = b'{"data":{"boltCommandLogs":{"cursor":"1:0","finished":true,"lines":[' + line
        return filled(head, b"," + line, b"]}}}")

    assert read_bounded(page, tmp_path, "boltCommandLogs") > 500_000
