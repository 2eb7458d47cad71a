"""`python -m local.stack.server STATE_DIR`: MiniStack, which stops when its parent process ends.

Standard input is a pipe from the parent. It carries one line of JSON with the operator's
credentials, which the Lambda workers would inherit if they were in the environment, and nothing
after that: when it closes, the parent is gone, however it ended. MiniStack then saves its state as
it does on SIGTERM.

It leads its own process group. STATE_DIR is only there to be seen in a process list.
"""

import json
import os
import signal
import sys
import threading
from functools import partial

from ministack import app as ministack  # type: ignore[import-untyped]

from local.embedded.deaths import log_deaths
from local.embedded.gate import gated, register_operator
from local.embedded.memory import enforce_memory
from local.embedded.turns import take_turns


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    del sys.argv[1:]  # MiniStack would read them as its own options
    operator = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    ministack.app = gated(ministack.app, partial(register_operator, **operator))
    enforce_memory()
    take_turns()
    log_deaths()
    try:
        ministack.main()
    finally:
        # The Lambda workers, and this process with them.
        os.killpg(0, signal.SIGKILL)
