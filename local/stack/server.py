"""`python -m local.stack.server STATE_DIR`: MiniStack, ending with the process that started it.

Its standard input is a pipe from that process and never written to: the pipe's end is the end of
that process, killed or not. MiniStack then saves its state as after SIGTERM.

It leads a process group of its own. The state directory is there for who reads a process list.
"""

import os
import signal
import sys
import threading

from ministack.app import main  # type: ignore[import-untyped]


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    del sys.argv[1:]  # MiniStack reads its options there
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        main()
    finally:
        # The Lambda workers, and with them this process.
        os.killpg(0, signal.SIGKILL)
