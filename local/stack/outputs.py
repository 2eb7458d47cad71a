"""`outputs.json`: everything that a program needs to use a running local stack."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from local.stack import LocalStackError
from local.stack.aws import Operator
from local.stack.state import StateDir


class Outputs(BaseModel):
    """The file exists only while the stack is running."""

    model_config = ConfigDict(frozen=True)

    webhook_url: str
    signing_secret: str
    endpoint_url: str
    region: str
    table: str
    bucket: str
    queue_url: str
    dlq_url: str
    quarantine_url: str
    failed_runs_topic: str
    webhook_secret_arn: str
    api_secret_arn: str
    sweep_function: str
    access_key_id: str
    secret_access_key: str
    """With `access_key_id`, the credentials of an operator who may see everything."""
    pid: int
    """The process to send SIGTERM to."""

    @property
    def operator(self) -> Operator:
        return Operator(self.endpoint_url, self.access_key_id, self.secret_access_key)


def read_outputs(state: StateDir) -> Outputs:
    """Raises:
    LocalStackError: No local stack is ready in this directory.
    """
    try:
        return Outputs.model_validate_json(state.outputs.read_bytes())
    except FileNotFoundError:
        raise LocalStackError(
            f"No local stack is running in {state.root}. Start one with `make local` or "
            "`python -m local up --detach`."
        ) from None
    except ValidationError as error:
        fields = ", ".join(str(fault["loc"][0]) for fault in error.errors() if fault["loc"])
        raise LocalStackError(
            f"{state.outputs} was not written by this version of the local stack "
            f"({fields or 'not JSON'}). Start the stack again."
        ) from None


def write_outputs(outputs: Outputs, path: Path) -> None:
    """Atomically: a reader finds the whole file or none. Only its owner can read it."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(outputs.model_dump_json(indent=2) + "\n")
    unfinished.replace(path)
