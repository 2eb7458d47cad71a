"""boto3 clients and their errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.session import get_session

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


class QuickLoader(Loader):
    """Finds the services by the names of their folders.

    botocore looks into each of its four hundred folders to find out that there is a service of
    some name: a twentieth of a cold start.
    """

    def list_available_services(self, type_name: str) -> list[str]:
        folders = (Path(folder) for folder in self.search_paths)
        return [
            service.name for folder in folders if folder.is_dir() for service in folder.iterdir()
        ]


@cache
def aws_session() -> boto3.Session:
    """Makes clients of the functions' services, with their time limits."""
    session = get_session()
    session.set_default_client_config(_CONFIG)
    session.register_component("data_loader", QuickLoader())
    return boto3.Session(botocore_session=session)


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
