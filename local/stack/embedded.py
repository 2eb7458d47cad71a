"""The embedded AWS: one MiniStack process on loopback, with IAM enforced."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import requests

from infra.cdk_cli import ROOT
from local.stack import LocalStackError
from local.stack.aws import ACCOUNT, Operator, environment, new_operator
from local.stack.state import StateDir

HOST = "127.0.0.1"
_START_SECONDS = 180
_STOP_SECONDS = 20


@dataclass(frozen=True)
class EmbeddedAws:
    operator: Operator
    _process: "subprocess.Popen[bytes]"
    _state: StateDir

    def wait(self) -> None:
        """Never returns.

        Raises:
            LocalStackError: It exited although nobody stopped it.
        """
        status = self._process.wait()
        raise _ended(status, self._state)


@contextmanager
def embedded_aws(state: StateDir, *, port: int | None, lock: int) -> Iterator[EmbeddedAws]:
    """Started and ready; stopped on exit together with its Lambda workers, its state saved.

    Raises:
        LocalStackError: The port is taken, or it does not start.
    """
    port = _free_port() if port is None else port
    _refuse_taken(port)
    _drop_unsaved(state)
    _move(state, port)
    for folder in (state.saved_state, state.objects, state.temporary):
        folder.mkdir(exist_ok=True)
    operator = new_operator(f"http://{HOST}:{port}")
    with state.aws_log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.stack.server", str(state.root)],
            stdin=subprocess.PIPE,
            bufsize=0,
            stdout=log,
            stderr=log,
            cwd=ROOT,  # it imports this checkout, whatever else is installed
            env=_environment(state, port),
            umask=0o077,  # its state holds secrets
            pass_fds=(lock,),
            start_new_session=True,  # Ctrl-C must reach only us; we then stop it cleanly
        )
    try:
        _hand_over(process, operator)
        _await_health(process, operator.endpoint_url, state)
        yield EmbeddedAws(operator, process, state)
    finally:
        _stop(process)
        shutil.rmtree(state.temporary)  # the Lambda workers' copies of the bundle


def _environment(state: StateDir, port: int) -> dict[str, str]:
    """The whole environment of MiniStack and its functions, with nothing of the user's."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONUTF8": "1",
        "TMPDIR": str(state.temporary),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,  # the default is every interface
        "MINISTACK_HOST": HOST,  # used in queue URLs
        "AUTH": "true",  # IAM is enforced
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state.saved_state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state.objects),
        # No limit: local.embedded.turns queues invocations instead of rejecting them.
        "LAMBDA_ACCOUNT_CONCURRENCY": "0",
        # Listeners that nothing here needs.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        **environment(f"http://{HOST}:{port}"),
    }


def _free_port() -> int:
    """Below those that the system hands out, which could be taken before MiniStack starts."""
    for port in random.sample(range(20_000, 32_000), 100):
        with suppress(LocalStackError):
            _refuse_taken(port)
            return port
    raise LocalStackError(f"Found no free port on {HOST}. Choose one with --port.")


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise LocalStackError(
                f"Port {port} on {HOST} is not available ({error.strerror}). "
                "Choose another with --port, or omit --port to use any free one."
            ) from None


def _drop_unsaved(state: StateDir) -> None:
    """Objects are written at once, everything else when the embedded AWS stops.

    If it was killed before its first save, it no longer knows the buckets of the objects here.
    """
    if not (state.saved_state / "cloudformation.json").exists():
        shutil.rmtree(state.saved_state, ignore_errors=True)
        shutil.rmtree(state.objects, ignore_errors=True)


def _move(state: StateDir, port: int) -> None:
    """Rewrites the queue URLs in the saved state for a new port.

    MiniStack looks a queue up by its URL, so a queue saved under another port would not be found.
    """
    if state.port.exists() and (old := state.port.read_text()) != str(port):
        for file in state.saved_state.glob("*.json"):
            saved = file.read_text()
            file.write_text(saved.replace(f"http://{HOST}:{old}/", f"http://{HOST}:{port}/"))
    state.port.write_text(str(port))


def _hand_over(process: "subprocess.Popen[bytes]", operator: Operator) -> None:
    credentials = {
        "access_key_id": operator.access_key_id,
        "secret_access_key": operator.secret_access_key,
        "account": ACCOUNT,
    }
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it has ended already: the wait for its health says why
        process.stdin.write(json.dumps(credentials).encode() + b"\n")


def _await_health(process: "subprocess.Popen[bytes]", endpoint_url: str, state: StateDir) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with requests.Session() as http:
        http.trust_env = False  # loopback needs no proxy
        while time.monotonic() < deadline:
            if (status := process.poll()) is not None:
                raise _ended(status, state)
            try:
                if http.get(f"{endpoint_url}/_ministack/health", timeout=5).ok:
                    return
            except (requests.ConnectionError, requests.ReadTimeout):
                time.sleep(0.05)
    raise LocalStackError(
        f"The embedded AWS was not ready after {_START_SECONDS} s; see {state.aws_log}."
    )


def _ended(status: int, state: StateDir) -> LocalStackError:
    lines = state.aws_log.read_text(errors="replace").splitlines() or ["(empty)"]
    return LocalStackError(
        f"The embedded AWS exited unexpectedly (status {status}). "
        f"The last line of {state.aws_log}: {lines[-1]}"
    )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, on which MiniStack saves its state; then SIGKILL to the rest of its group."""
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
