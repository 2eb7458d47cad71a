"""`outputs.json`: everything that a program needs to use a running local stack."""

import json
import os
from pathlib import Path

import msgspec

from local.stack import LocalStackError
from local.stack.aws import Operator
from local.stack.state import StateDir


class Outputs(msgspec.Struct, frozen=True, kw_only=True):
    """The file exists only while the stack is running."""

    webhook_url: str
    signing_secret: str
    endpoint_url: str
    region: str
    table: str
    schedules_table: str
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
        return msgspec.json.decode(state.outputs.read_bytes(), type=Outputs)
    except FileNotFoundError:
        raise LocalStackError(
            f"No local stack is running in {state.root}. Start one with `make local` or "
            "`python -m local up --detach`."
        ) from None
    except msgspec.DecodeError as error:
        raise LocalStackError(
            f"{state.outputs} was not written by this version of the local stack "
            f"({error}). Start the stack again."
        ) from None


def write_outputs(outputs: Outputs, path: Path) -> None:
    """Atomically: a reader finds the whole file or none. Only its owner can read it."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(msgspec.structs.asdict(outputs), indent=2) + "\n")
    unfinished.replace(path)
