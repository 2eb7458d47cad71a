"""`python -m local.server`: MiniStack, which ends when the process that started it does.

Its standard input is a pipe from that process and never written to: the pipe's end is the end of
that process, killed or not. MiniStack then saves its state as after SIGTERM.
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
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        main()
    finally:
        # The Lambda workers, and with them this process, whose group is its own.
        os.killpg(0, signal.SIGKILL)
