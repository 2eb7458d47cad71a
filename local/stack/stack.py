"""The local stack from start to stop: embedded AWS, deployment, secrets, outputs."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.embedded.memory import can_be_enforced
from local.stack.aws import REGION, Operator
from local.stack.credentials import signing_secret, store_api_credentials
from local.stack.deployment import bootstrap, deploy, synthesis
from local.stack.embedded import EmbeddedAws, embedded_aws
from local.stack.outputs import Outputs, write_outputs
from local.stack.state import DEFAULT_STATE_DIR, StateDir


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
    """Deployed and ready; everything that it started is stopped at the end, on failure as well.

    State is kept in `state_dir` unless `fresh`. `port` is a free one unless given. `settings` are
    deployment settings (`{"maxArtifactMiB": 1}`) and `variant` is fields of
    `infra.variant.Variant` (`{"fetch_timeout": 5}`), each laid over its default.

    Raises:
        LocalStackError: A stack runs on `state_dir` already, the port is taken, or a step failed.
    """
    state = StateDir(state_dir)
    with state.locked() as lock:
        state.outputs.unlink(missing_ok=True)  # of a stack that was killed
        if fresh:
            state.forget()
        say("synthesizing the stack and starting the embedded AWS")
        if not can_be_enforced():
            say("functions may take more memory here than in AWS: only Linux tells what they take")
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
    """Those of `outputs.json`, from a stack's own; both secrets are stored unless they were."""
    secrets = operator.session().client("secretsmanager", endpoint_url=operator.endpoint_url)
    store_api_credentials(secrets, deployed["ApiSecretArn"])
    return Outputs(
        webhook_url=_local_url(deployed["WebhookUrl"], operator.endpoint_url),
        signing_secret=signing_secret(secrets, deployed["WebhookSecretArn"]),
        endpoint_url=operator.endpoint_url,
        region=REGION,
        table=deployed["TableName"],
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


def _local_url(webhook_url: str, endpoint_url: str) -> str:
    """The API's own address is a host name of AWS; MiniStack serves it below this path as well."""
    address = urlsplit(webhook_url)
    api_id = str(address.hostname).partition(".")[0]
    return f"{endpoint_url}/_aws/execute-api/{api_id}{address.path}"
