"""The local stack from start to stop: embedded AWS, deployment, secrets, outputs, signals."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from local.embedded.memory import can_be_enforced
from local.stack.aws import REGION, Operator
from local.stack.credentials import signing_secret, store_api_credentials
from local.stack.deployment import bootstrap, deploy, synthesis
from local.stack.embedded import EmbeddedAws, embedded_aws
from local.stack.outputs import Outputs, write_outputs
from local.stack.state import DEFAULT_STATE_DIR, StateDir

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class LocalStack:
    outputs: Outputs
    aws: EmbeddedAws
    state: StateDir


@contextmanager
def local_stack(
    state_dir: Path = DEFAULT_STATE_DIR,
    *,
    port: int | None = None,
    fresh: bool = False,
    settings: Mapping[str, Any] | None = None,
    variant: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = print,
) -> Iterator[LocalStack]:
    """Deployed and ready; everything that was started is stopped on exit, also after a failure.

    State in `state_dir` is reused unless `fresh`. Without `port`, any free one is used. `settings`
    (`{"maxArtifactMiB": 1}`) override those of `cdk.json`, and `variant` overrides fields of
    `infra.variant.LOCAL` (`{"fetch_timeout": 5}`).

    Raises:
        LocalStackError: A stack already uses `state_dir`, the port is taken, or a step failed.
    """
    state = StateDir(state_dir)
    with state.locked() as lock:
        state.outputs.unlink(missing_ok=True)  # left behind by a stack that was killed
        if fresh:
            state.forget()
        say("synthesizing the stack and starting the embedded AWS")
        if not can_be_enforced():
            say("the functions' memory limits are not enforced here: that takes Linux")
        with (
            synthesis(state, settings=settings or {}, variant=variant or {}) as synth,
            embedded_aws(state, port=port, lock=lock) as aws,
        ):
            bootstrap(state, aws.operator)
            synth.wait()
            say("deploying the stack")
            outputs = ready_outputs(deploy(state, aws.operator), aws.operator)
            write_outputs(outputs, state.outputs)
            try:
                yield LocalStack(outputs, aws, state)
            finally:
                state.outputs.unlink(missing_ok=True)


def ready_outputs(deployed: Mapping[str, str], operator: Operator) -> Outputs:
    """The content of `outputs.json`, from the stack's outputs; fills both secrets if empty."""
    secrets = operator.session().client("secretsmanager", endpoint_url=operator.endpoint_url)
    store_api_credentials(secrets, deployed["ApiSecretArn"])
    return Outputs(
        webhook_url=local_url(deployed["WebhookUrl"], operator.endpoint_url),
        signing_secret=signing_secret(secrets, deployed["WebhookSecretArn"]),
        endpoint_url=operator.endpoint_url,
        region=REGION,
        table=deployed["TableName"],
        schedules_table=deployed["SchedulesTableName"],
        bucket=deployed["BucketName"],
        queue_url=deployed["QueueUrl"],
        dlq_url=deployed["DeadLetterUrl"],
        quarantine_url=deployed["QuarantineUrl"],
        failed_runs_topic=deployed["FailedRunsTopicArn"],
        webhook_secret_arn=deployed["WebhookSecretArn"],
        api_secret_arn=deployed["ApiSecretArn"],
        sweep_function=deployed["SweepFunctionName"],
        access_key_id=operator.access_key_id,
        secret_access_key=operator.secret_access_key,
        pid=os.getpid(),
    )


def local_url(webhook_url: str, endpoint_url: str) -> str:
    """The deployed address is an AWS host name, which MiniStack also serves under this path."""
    address = urlsplit(webhook_url)
    api_id = str(address.hostname).partition(".")[0]
    return f"{endpoint_url}/_aws/execute-api/{api_id}{address.path}"


def interrupt_once() -> None:
    """From now on Ctrl-C, SIGTERM and a closed terminal raise KeyboardInterrupt, but only once.

    A second Ctrl-C must not cut short the clean-up that the first one starts.
    """
    for number in _STOP_SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for later in _STOP_SIGNALS:
        signal.signal(later, signal.SIG_IGN)
    raise KeyboardInterrupt
