"""boto3 clients and their errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader, instance_cache
from botocore.session import Session

from functions.shared.errors import UnavailableError

# Short timeouts and few attempts: a caller is waiting, and what fails here is delivered again.
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
    # mypy checks the parameters against boto3's stubs. If botocore checked them as well, that would
    # be a large part of the time that a large delivery takes (docs/performance.md).
    parameter_validation=False,
)


class _QuickLoader(Loader):
    """Finds the services by the names of their folders.

    botocore looks into each of its four hundred folders to find out that there is a service of
    some name: a twentieth of a cold start.
    """

    @instance_cache
    def list_available_services(self, type_name: str) -> list[str]:
        folders = (Path(folder) for folder in self.search_paths)
        return [
            service.name for folder in folders if folder.is_dir() for service in folder.iterdir()
        ]


def quick_core(session_vars: dict[str, tuple[Any, Any, Any, Any]] | None = None) -> Session:
    """botocore's session that begins a session of boto3's, and soon has a client.

    `session_vars` are botocore's own, which override where it looks for its settings.
    """
    core = Session(session_vars)
    core.register_component("data_loader", _QuickLoader())
    return core


@cache
def aws_session() -> boto3.Session:
    """Makes clients of the functions' services, with their time limits."""
    core = quick_core()
    core.set_default_client_config(_CONFIG)
    return boto3.Session(botocore_session=core)


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


@contextmanager
def translate_errors(service: str, **context: Any) -> Iterator[None]:
    """Turns boto3's errors into UnavailableError, whose message names the service and context."""
    try:
        yield
    except ClientError as e:
        raise UnavailableError(f"{service} answered {error_code(e)}{_describe(context)}") from e
    except BotoCoreError as e:
        raise UnavailableError(
            f"{service} could not be reached: {type(e).__name__}{_describe(context)}"
        ) from e


def _describe(context: dict[str, Any]) -> str:
    return "".join(f" ({name} {value})" for name, value in context.items())
