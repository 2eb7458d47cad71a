"""`python -m local.stack.server STATE_DIR`: MiniStack, ending with the process that started it.

Its standard input is a pipe from that process: one line of JSON with the operator's credentials,
which would go on to the Lambda workers if they were in the environment, and then nothing. The
pipe's end is the end of that process, killed or not. MiniStack then saves its state as after
SIGTERM.

It leads a process group of its own. The state directory is there for who reads a process list.
"""

import json
import os
import signal
import sys
import threading
from functools import partial

from ministack import app as ministack  # type: ignore[import-untyped]

from local.embedded.gate import gated, register_operator
from local.embedded.memory import enforce_memory
from local.embedded.turns import take_turns


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    del sys.argv[1:]  # MiniStack reads its options there
    operator = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    ministack.app = gated(ministack.app, partial(register_operator, **operator))
    enforce_memory()
    take_turns()
    try:
        ministack.main()
    finally:
        # The Lambda workers, and with them this process.
        os.killpg(0, signal.SIGKILL)
