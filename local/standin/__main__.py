"""Serves a data folder until SIGTERM or Ctrl-C: `python -m local.standin --data events/paradime`.

Prints one line of JSON once it is ready: `{"api_url": "http://127.0.0.1:…"}`.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

from local.standin.data import DataError, load_runs
from local.standin.standin import Standin

STOP = {signal.SIGTERM, signal.SIGINT}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.standin", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with <run_id>.json files")
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument(
        "--link-seconds", type=float, default=60, help="lifetime of a presigned link"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed for faults that have a rate")
    options = parser.parse_args()
    # Blocked before any thread starts, so that the signal waits for sigwait in the main thread.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    try:
        standin = Standin(
            load_runs(options.data),
            port=options.port,
            link_seconds=options.link_seconds,
            seed=options.seed,
        )
        with standin:
            print(json.dumps({"api_url": standin.api_url}), flush=True)
            signal.sigwait(STOP)
    except DataError as e:
        sys.exit(str(e))
    except OSError as e:
        sys.exit(f"Port {options.port} is not available: {e.strerror}. Choose another with --port.")


if __name__ == "__main__":
    main()
