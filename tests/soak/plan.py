"""What a soak delivers, and what the stand-in has of its runs: all decided before it begins."""

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import itemgetter

from local.standin import Run
from tests.bolt_runs import PARADIME, completed_payload, new_run, started_payload

FIRST_RUN_ID = 1_000_000
SCHEDULES = 20
# How many places a delivery may come late: enough for a run's end to overtake its start.
DISORDER = 30

_RUN_RESULTS = (PARADIME / "63187" / "193442" / "target" / "run_results.json").read_bytes()


@dataclass(frozen=True)
class Planned:
    """A delivery; a repetition of it has the same `key`, and so the same id and body."""

    key: int
    run_id: int
    body: bytes


@dataclass(frozen=True)
class Plan:
    runs: list[Run]
    deliveries: list[Planned]


def runs(deliveries: int, seed: int) -> list[Run]:
    """For so many deliveries, three runs for five; every third has failed."""
    chance = random.Random(seed)  # noqa: S311 (chooses, guards nothing)
    return [_run(number, chance) for number in range(deliveries * 3 // 5)]


def plan(of_runs: list[Run], deliveries: int, seed: int, api_url: str) -> Plan:
    """Each run's end, every other run's start, and repetitions of any of them; out of order."""
    chance = random.Random(seed)  # noqa: S311 (chooses, guards nothing)
    bodies = []
    for number, run in enumerate(of_runs):
        if number % 2 == 0:
            bodies.append((run.run_id, started_payload(run, api_url)))
        bodies.append((run.run_id, completed_payload(run, api_url)))
    planned = [Planned(key, run_id, body) for key, (run_id, body) in enumerate(bodies)]
    repeated = chance.choices(planned, k=deliveries - len(planned))
    places = [(one.key + chance.uniform(0, DISORDER), one) for one in planned + repeated]
    return Plan(of_runs, [one for _, one in sorted(places, key=itemgetter(0))])


def _run(number: int, chance: random.Random) -> Run:
    run_id = FIRST_RUN_ID + number
    failed = number % 3 == 0
    run = new_run(
        run_id,
        schedule=f"soak-{number % SCHEDULES}",
        state="FAILED" if failed else "SUCCESS",
        # Within the time in which a file that is not there is asked for again.
        ended_ago=timedelta(minutes=1),
        return_codes=[0] * chance.randint(0, 1) + [int(failed)],
        artifact=_RUN_RESULTS.replace(b"invocation_id", f"run_{run_id}".encode()),
    )
    logs = [
        replace(command, stdout=chance.randbytes(chance.randint(0, 2000)).hex())
        for command in run.commands
    ]
    return replace(run, commands=logs)
