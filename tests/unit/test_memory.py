"""How much memory a process of the local stack takes."""

import subprocess
import sys

import pytest

from local.embedded.memory import can_be_enforced, resident_bytes

pytestmark = pytest.mark.skipif(not can_be_enforced(), reason="only Linux tells")

MIB = 2**20


def test_memory_that_was_touched_is_resident_and_a_reservation_is_not() -> None:
    code = (
        "import mmap; touched = b'x' * (64 << 20); reserved = mmap.mmap(-1, 1 << 30);"
        "print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert 64 * MIB < resident_bytes(process.pid) < 128 * MIB
        process.kill()


def test_a_process_that_has_ended_takes_none() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert resident_bytes(process.pid) == 0
