"""Lets a function run a few times at once; what comes meanwhile waits for its turn.

MiniStack starts a process for each invocation that finds none idle. Fifty deliveries at once would
start fifty, which starve each other on a small machine until the function's own time is over.
MiniStack's own limit refuses what is above it. The time that an invocation waits is not the
function's.
"""

import threading
from collections import defaultdict
from typing import Any

from ministack.services import lambda_svc  # type: ignore[import-untyped]

AT_ONCE = 4


def take_turns() -> None:
    """From now on; not for functions that invoke themselves, which would wait for themselves."""
    run = lambda_svc._execute_function_warm
    turns: dict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(AT_ONCE))

    def run_in_turn(function: dict[str, Any], event: Any, request_id: str) -> Any:
        with turns[function["config"]["FunctionArn"]]:
            return run(function, event, request_id)

    lambda_svc._execute_function_warm = run_in_turn
