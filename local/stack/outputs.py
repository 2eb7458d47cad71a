"""`outputs.json`: what a program needs to use a running local stack."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from local.stack.aws import Operator
from local.stack.errors import LocalStackError
from local.stack.state import StateDir


class Outputs(BaseModel):
    """The file is there only while the stack runs."""

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
    """With the one before, of an operator who may look at everything."""
    pid: int
    """The process to send SIGTERM to."""

    @property
    def operator(self) -> Operator:
        return Operator(self.endpoint_url, self.access_key_id, self.secret_access_key)


def read_outputs(state: StateDir) -> Outputs:
    """Raises:
    LocalStackError: No local stack is ready on this directory.
    """
    try:
        return Outputs.model_validate_json(state.outputs.read_bytes())
    except FileNotFoundError:
        raise LocalStackError(
            f"No local stack runs on {state.root}: start it with `make local`, or with "
            "`python -m local up --detach`."
        ) from None
    except ValidationError as error:
        raise LocalStackError(f"{state.outputs} is not what a local stack wrote: {error}") from None


def write_outputs(outputs: Outputs, path: Path) -> None:
    """At once: a reader finds the whole file or none. Readable by its owner only."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(outputs.model_dump_json(indent=2) + "\n")
    unfinished.replace(path)
