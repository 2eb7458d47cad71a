"""Logs which messages a function was working on when it was killed or timed out.

Lambda does not say, and a function that dies cannot.
"""

import json
import logging
from typing import Any

from ministack.core.lambda_runtime import Worker  # type: ignore[import-untyped]

_log = logging.getLogger("deaths")


def log_deaths() -> None:
    """Wraps each invocation; deaths go to the log of the embedded AWS."""
    invoke = Worker.invoke

    def invoke_and_log(worker: Any, event: Any, *arguments: Any, **options: Any) -> Any:
        result = invoke(worker, event, *arguments, **options)
        error = str(result.get("error", ""))
        if result["status"] == "error" and error.startswith(("Worker process died", "Task timed")):
            bodies = json.dumps(_message_bodies(event))
            _log.warning("%s died (%s) while working on %s", worker.func_name, error, bodies)
        return result

    Worker.invoke = invoke_and_log


def _message_bodies(event: Any) -> list[str]:
    """Those of queue messages only: HTTP requests contain signatures, which must not be logged."""
    records = event.get("Records", ()) if isinstance(event, dict) else ()
    return [record["body"] for record in records if "body" in record]
