"""Cold start: a new process until the function could take its first event, in processor time.

Beside the floor, what msgspec alone adds to it: one model, as small as can be.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from bench.environment import ENVIRONMENT, ROOT
from bench.measure import in_turn
from bench.row import Row

ROUNDS = 15

ONE_MODEL = "import msgspec; msgspec.json.Decoder(msgspec.defstruct('Model', [('field', int)]))"
CLIENTS = "boto3.client('dynamodb'); boto3.client('sqs'); boto3.client('secretsmanager')"
FLOORS = {
    "ingest": f"import boto3; {CLIENTS}",
    "fetch": f"import boto3, requests; {CLIENTS}; boto3.client('s3'); boto3.client('sns')",
}
GOALS = {"ingest": 1.20, "fetch": 1.25}


def rows() -> Iterator[Row]:
    for function, floor in FLOORS.items():
        pair = in_turn(
            partial(_seconds, f"import functions.{function}.handler"),
            partial(_seconds, floor),
            rounds=ROUNDS,
            warmups=2,
        )
        with_msgspec = in_turn(
            partial(_seconds, f"{floor}; {ONE_MODEL}"),
            partial(_seconds, floor),
            rounds=ROUNDS,
            warmups=0,
        )
        yield Row(
            what=f"{function}: CPU of a cold start",
            ours=f"{pair.ours.median() * 1000:.0f} ms",
            floor=f"{pair.floor.median() * 1000:.0f} ms, boto3 and the same clients; "
            f"with one msgspec model {with_msgspec.ratio:.2f}×",
            value=pair.ratio,
            goal=GOALS[function],
        )


def _seconds(code: str) -> float:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **ENVIRONMENT}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
