"""Runs with two kinds of failed commands: poisoned ones, and one that real dbt wrote."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.standin import Command, Resource, Run
from local.standin.faults import AnyFault
from tests.bolt_runs import PARADIME, new_run
from tests.poison.poisons import MANIFEST, RESULTS, Poison

FIRST_RUN_ID = 2_000_000
REAL = PARADIME / "63187" / "193442"
FAILED = {"error", "runtime error", "fail", "partial success"}
FAILING = {
    result["unique_id"]
    for result in json.loads((REAL / RESULTS).read_bytes())["results"]
    if result["status"] in FAILED
}


@dataclass(frozen=True, kw_only=True)
class Planted:
    """`poison` is None for an honest run; `faults` are those of the API and the downloads."""

    run: Run
    poison: Poison | None
    faults: Sequence[AnyFault]

    def __str__(self) -> str:
        return self.poison.name if self.poison else f"honest run {self.run.run_id}"


def plant(poisons: Sequence[Poison], honest: int, folder: Path) -> list[Planted]:
    """A run for each poison, with honest runs between them; files are written to the folder."""
    every = max(1, len(poisons) // max(1, honest))
    kinds: list[Poison | None] = []
    for number, poison in enumerate(poisons):
        kinds.append(poison)
        if number % every == 0 and kinds.count(None) < honest:
            kinds.append(None)
    kinds += [None] * (honest - kinds.count(None))
    return [_planted(FIRST_RUN_ID + at, kind, folder) for at, kind in enumerate(kinds)]


def _planted(run_id: int, poison: Poison | None, folder: Path) -> Planted:
    times = range(poison.times) if poison else ()
    commands = [_poisoned(run_id, at, poison, folder) for at in times if poison]
    run = new_run(
        run_id,
        # Of a schedule, what fails the same is announced once.
        schedule=poison.name.replace(" ", "-") if poison else f"honest-{run_id}",
        ended_ago=timedelta(minutes=1),
        return_codes=[],
    )
    commands.append(_unspoilt(run_id, len(commands)))
    faults = [fault for command in commands[:-1] if poison for fault in poison.faults(command)]
    return Planted(run=replace(run, commands=commands), poison=poison, faults=faults)


def _poisoned(run_id: int, at: int, poison: Poison, folder: Path) -> Command:
    files = []
    for number, (path, pieces) in enumerate(poison.files.items()):
        file = folder / f"{run_id}-{number}"
        with file.open("wb") as content:
            content.writelines(pieces())
        files.append(Resource(id=run_id * 100 + at * 10 + number, path=path, content=file))
    return _command(run_id, at, "dbt build --select poisoned", poison.stdout(), files)


def _unspoilt(run_id: int, at: int) -> Command:
    """Its results are dated within the run: older ones could be those of an earlier command."""
    results = json.loads((REAL / RESULTS).read_bytes())
    now = f"{datetime.now(UTC) - timedelta(seconds=90):%Y-%m-%dT%H:%M:%S.%fZ}"
    results["metadata"] |= {"generated_at": now, "invocation_started_at": now}
    files = [
        Resource(id=run_id * 100 + 90, path=RESULTS, content=json.dumps(results).encode()),
        Resource(id=run_id * 100 + 91, path=MANIFEST, content=REAL / MANIFEST),
    ]
    return _command(run_id, at, "dbt run", (REAL / "stdout.log").read_text(), files)


def _command(
    run_id: int, at: int, command: str, stdout: str, resources: Iterable[Resource]
) -> Command:
    [like] = new_run(run_id, ended_ago=timedelta(minutes=1), return_codes=[1]).commands
    return replace(
        like, id=run_id * 100 + at, command=command, stdout=stdout, resources=list(resources)
    )
