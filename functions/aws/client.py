"""boto3 clients and their errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.shared.errors import UnavailableError

# Short time-outs and few attempts: a caller waits, and what fails here is delivered again.
CLIENT_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
    # mypy checks the parameters against boto3's stubs. To have botocore check them in each call as
    # well would be a large part of a large delivery (docs/performance.md).
    parameter_validation=False,
)


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


@contextmanager
def unavailable(service: str, **facts: Any) -> Iterator[None]:
    """Turns what boto3 raises into UnavailableError; `facts` go into its message."""
    try:
        yield
    except ClientError as e:
        raise UnavailableError(f"{service} answered {error_code(e)}{_said(facts)}") from e
    except BotoCoreError as e:
        raise UnavailableError(
            f"{service} could not be reached: {type(e).__name__}{_said(facts)}"
        ) from e


def _said(facts: dict[str, Any]) -> str:
    return "".join(f" ({name} {value})" for name, value in facts.items())
