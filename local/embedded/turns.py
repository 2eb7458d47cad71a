"""Limits how often a function runs at the same time; further invocations wait for their turn.

MiniStack starts a process for each invocation that finds none idle. Fifty deliveries at once would
start fifty, which on a small machine slow each other down until the function times out.
MiniStack's own limit would reject the rest instead. Waiting does not count towards the time-out.
"""

import threading
from collections import defaultdict
from typing import Any

from ministack.services import lambda_svc  # type: ignore[import-untyped]

AT_ONCE = 4


def take_turns() -> None:
    """Applies the limit from now on. A function that invokes itself would deadlock."""
    run = lambda_svc._execute_function_warm
    turns: dict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(AT_ONCE))

    def run_in_turn(function: dict[str, Any], event: Any, request_id: str) -> Any:
        with turns[function["config"]["FunctionArn"]]:
            return run(function, event, request_id)

    lambda_svc._execute_function_warm = run_in_turn
