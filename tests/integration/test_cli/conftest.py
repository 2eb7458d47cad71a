"""The command line on the world's parts, found as a deployed stack's are."""

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from cli.secrets import paradime
from cli.stack import messages, options
from functions.sweep.settings import Settings
from local.standin.faults import Status
from tests.integration.served import project_listed, target_of
from tests.integration.world import World


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


BoltArchive = Callable[..., Ended]


@pytest.fixture
def bolt_archive(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Iterator[BoltArchive]:
    """Runs a command as from a shell whose directory is `tmp_path`, on the world's stack."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(messages, "WAIT_SECONDS", 0)

    def run(*arguments: str, stdin: str = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["bolt-archive", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        status = ended.value.code or 0
        assert isinstance(status, int)
        return Ended(status, printed.out, printed.err)

    project_listed(world)
    with _webhook(world) as url:
        target = target_of(world, url)
        monkeypatch.setattr(options, "deployed_target", lambda *choice: target)
        yield run


@pytest.fixture
def deployed_settings(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """The settings of the sweep function, which the world does not deploy."""
    monkeypatch.setenv("SWEEP_LOOKBACK_HOURS", "48")
    monkeypatch.setenv("STALE_HOURS", "24")
    monkeypatch.setattr(paradime, "sweep_settings", lambda _target: Settings.read())


@pytest.fixture
def recorded(world: World, bolt_archive: BoltArchive) -> World:
    """Runs 63189, which succeeded, and 63188 and 63187, which failed and wait for their archive."""
    for name in ("run_completed", "run_completed_succeeded", "run_completed_tests"):
        world.send(world.payload(name))
    return world


@pytest.fixture
def archived(world: World, bolt_archive: BoltArchive) -> World:
    """The same, with 63187 archived."""
    world.send(world.payload())
    world.drain()
    world.send(world.payload("run_completed_succeeded"))
    world.send(world.payload("run_completed_tests"))
    return world


@pytest.fixture
def incomplete(world: World, bolt_archive: BoltArchive) -> World:
    """Run 63187 after its first receive: its manifest is still to come."""
    world.standin.faults.add(Status(on="download:1205743", status=403))
    world.send(world.payload())
    world.receive()
    return world


@contextmanager
def _webhook(world: World) -> Iterator[str]:
    """The ingest handler behind an address on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with redirect_stdout(io.StringIO()):  # metrics, which are not the command's
                answer = world.send(body, headers)
            self.send_response(answer["statusCode"])
            self.end_headers()
            self.wfile.write(answer["body"].encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its own name)
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/webhooks/paradime"
        finally:
            server.shutdown()
            thread.join()
