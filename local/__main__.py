"""`python -m local up | down | demo`."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal.errors import CommandError
from local.stack.errors import LocalStackError
from local.stack.outputs import Outputs, read_outputs
from local.stack.signals import interrupt_once
from local.stack.stack import local_stack
from local.stack.state import DEFAULT_STATE_DIR, StateDir

app = typer.Typer(
    help="The real stack on an embedded AWS, on this machine alone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StateDirOption = Annotated[
    Path, typer.Option("--state-dir", help="Where the stack keeps its state.")
]


@app.command()
def up(
    state_dir: StateDirOption = DEFAULT_STATE_DIR,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port on loopback; a free one if left out.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier state.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return once it is ready.")] = False,
) -> None:
    """Starts the local stack; runs until Ctrl-C."""
    if detach:
        _up_detached(StateDir(state_dir), port, fresh)
        return
    interrupt_once()
    try:
        with local_stack(state_dir, port=port, fresh=fresh, say=_say) as stack:
            _show(stack.outputs, StateDir(state_dir))
            _say("ready; Ctrl-C stops it")
            stack.aws.wait()
    except KeyboardInterrupt:
        _say(f"stopped; its state is kept in {state_dir}")


@app.command()
def down(state_dir: StateDirOption = DEFAULT_STATE_DIR) -> None:
    """Stops the local stack that runs on the state directory, if one does."""
    state = StateDir(state_dir)
    stopped = state.stop_holder()
    state.outputs.unlink(missing_ok=True)  # of one that was killed
    if stopped:
        _say(f"stopped; its state is kept in {state.root}")
    else:
        _say(f"no local stack runs on {state.root}")


@app.command()
def demo() -> None:
    """Brings the stack up, sends the sample deliveries and shows what was archived."""
    from local.demo import main

    main()


def _up_detached(state: StateDir, port: int | None, fresh: bool) -> None:
    with state.locked():
        pass  # else the log of the stack that runs there would be overwritten
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
    _say("ready; `python -m local down` stops it")


def _await_outputs(process: "subprocess.Popen[bytes]", state: StateDir) -> Outputs:
    _say(f"starting, with its progress in {state.up_log}")
    while process.poll() is None:
        if state.outputs.exists() and (outputs := read_outputs(state)).pid == process.pid:
            return outputs
        time.sleep(0.1)
    raise LocalStackError(state.up_log.read_text(errors="replace").strip())


def _show(outputs: Outputs, state: StateDir) -> None:
    _say(f"webhook      {outputs.webhook_url}")
    _say(f"AWS          {outputs.endpoint_url} ({outputs.region})")
    _say(f"the rest     {state.outputs}, credentials among it")


def _say(message: str) -> None:
    print(f"local: {message}", flush=True)


def main() -> None:
    try:
        app()
    except (LocalStackError, CommandError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
