"""Deploys the real stack into the embedded AWS with the real `cdk`."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.cdk_cli import ROOT, cdk_command, with_own_tools
from infra.settings import LOCAL_KEY
from local.stack.aws import ACCOUNT, REGION, Operator, without_aws
from local.stack.state import StateDir
from local.stack.tool import Tool, running_tool

_STAGE = "local"
_STACK = f"ParadimeRunArchive-{_STAGE}"
_TOOLKIT = "CDKToolkit"  # the stack that `cdk bootstrap` creates
_QUIET = ("--no-notices", "--no-version-reporting")


@contextmanager
def synthesis(
    state: StateDir, *, settings: Mapping[str, Any], variant: Mapping[str, Any]
) -> Iterator[Tool]:
    """Starts `cdk synth` of the local variant into the state directory.

    `settings` override those of `cdk.json`; `variant` overrides fields of `infra.variant.LOCAL`.
    """
    context = {**settings, "stage": _STAGE, LOCAL_KEY: json.dumps(variant)}
    options = [f"--context={key}={_as_text(value)}" for key, value in context.items()]
    # CloudFormation's rules, a second check beside cdk-nag, would double the time. `make synth` and
    # every deployment to AWS apply them.
    options += ["--no-validation"]
    command = cdk_command("synth", "--quiet", "--output", str(state.assembly), *_QUIET, *options)
    env = with_own_tools(without_aws())
    with running_tool("cdk synth", command, cwd=ROOT, env=env, log=state.synth_log) as tool:
        yield tool


def bootstrap(state: StateDir, operator: Operator) -> None:
    """Creates the staging bucket if it does not exist yet.

    Raises:
        LocalStackError: `cdk bootstrap` failed.
    """
    if not _exists(_TOOLKIT, operator):
        # Not from the root: the app in cdk.json would run to no purpose.
        _run(state.root, "bootstrap", f"aws://{ACCOUNT}/{REGION}", state=state, operator=operator)


def deploy(state: StateDir, operator: Operator) -> dict[str, str]:
    """Deploys what `synthesis` wrote, and returns the stack's outputs.

    Raises:
        LocalStackError: `cdk deploy` failed.
    """
    options = ("--app", str(state.assembly), "--require-approval", "never", "--method", "direct")
    _run(ROOT, "deploy", *options, state=state, operator=operator)
    return stack_outputs(_STACK, operator)


def stack_outputs(stack: str, operator: Operator) -> dict[str, str]:
    """The outputs of a deployed stack."""
    cloudformation = operator.session().client("cloudformation", endpoint_url=operator.endpoint_url)
    [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def _run(cwd: Path, *arguments: str, state: StateDir, operator: Operator) -> None:
    command = cdk_command(*arguments, *_QUIET)
    env = with_own_tools({**without_aws(), **operator.environment(), "NO_PROXY": "127.0.0.1"})
    what = f"cdk {arguments[0]}"
    with running_tool(what, command, cwd=cwd, env=env, log=state.cdk_log) as tool:
        tool.wait()


def _exists(stack: str, operator: Operator) -> bool:
    cloudformation = operator.session().client("cloudformation", endpoint_url=operator.endpoint_url)
    try:
        cloudformation.describe_stacks(StackName=stack)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return False
    return True


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
