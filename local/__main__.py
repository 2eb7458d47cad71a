"""`python -m local up | down | demo`."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal.errors import CommandError
from local.stack import LocalStackError
from local.stack.outputs import Outputs, read_outputs
from local.stack.stack import interrupt_once, local_stack
from local.stack.state import DEFAULT_STATE_DIR, StateDir

app = typer.Typer(
    help="Run the real stack on this machine, on an embedded AWS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StateDirOption = Annotated[
    Path, typer.Option("--state-dir", help="Directory for the stack's state.")
]


@app.command()
def up(
    state_dir: StateDirOption = DEFAULT_STATE_DIR,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port on 127.0.0.1; any free one by default."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete earlier state first.")] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return once it is ready; keep it running.")
    ] = False,
) -> None:
    """Start the local stack and keep it running until Ctrl-C."""
    if detach:
        _up_detached(StateDir(state_dir), port, fresh)
        return
    interrupt_once()
    try:
        with local_stack(state_dir, port=port, fresh=fresh, say=_say) as stack:
            _show(stack.outputs, StateDir(state_dir))
            _say("ready; press Ctrl-C to stop")
            stack.aws.wait()
    except KeyboardInterrupt:
        _say(f"stopped; state kept in {state_dir}")


@app.command()
def down(state_dir: StateDirOption = DEFAULT_STATE_DIR) -> None:
    """Stop the local stack that uses this state directory, if one is running."""
    state = StateDir(state_dir)
    stopped = state.stop_holder()
    state.outputs.unlink(missing_ok=True)  # left behind by a stack that was killed
    if stopped:
        _say(f"stopped; state kept in {state.root}")
    else:
        _say(f"no local stack is running in {state.root}")


@app.command()
def demo() -> None:
    """Start a local stack, send the sample deliveries, and show what was archived."""
    from local.demo import main

    main()


def _up_detached(state: StateDir, port: int | None, fresh: bool) -> None:
    with state.locked():
        pass  # a stack that is running there would have its log overwritten
    options = ["--state-dir", str(state.root)]
    options += ["--port", str(port)] if port is not None else []
    options += ["--fresh"] if fresh else []
    with state.up_log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local", "up", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        outputs = _await_outputs(process, state)
    except BaseException:
        if process.poll() is None:
            process.terminate()
            process.wait()
        raise
    _show(outputs, state)
    _say(f"ready; to stop: python -m local down {_state_dir(state)}".rstrip())


def _await_outputs(process: "subprocess.Popen[bytes]", state: StateDir) -> Outputs:
    _say(f"starting; log: {state.up_log}")
    while process.poll() is None:
        if state.outputs.exists() and (outputs := read_outputs(state)).pid == process.pid:
            return outputs
        time.sleep(0.1)
    raise LocalStackError(state.up_log.read_text(errors="replace").strip())


def _show(outputs: Outputs, state: StateDir) -> None:
    _say(f"webhook      {outputs.webhook_url}")
    _say(f"AWS          {outputs.endpoint_url} ({outputs.region})")
    _say(f"outputs      {state.outputs}, with the credentials")
    _say(f"try          {_bolt_archive()} runs {_state_dir(state) or '--local'}")


def _state_dir(state: StateDir) -> str:
    """The option that chooses this stack; empty for the default one."""
    if state.root == DEFAULT_STATE_DIR.absolute():
        return ""
    return f"--state-dir {shlex.quote(str(state.root))}"


def _bolt_archive() -> str:
    """As the user has to type it: make finds it in `.venv`, a shell only once that is activated."""
    activated = os.environ.get("VIRTUAL_ENV") == sys.prefix
    return "bolt-archive" if activated else ".venv/bin/bolt-archive"


def _say(message: str) -> None:
    print(f"local: {message}", flush=True)


def main() -> None:
    try:
        app()
    except (LocalStackError, CommandError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
