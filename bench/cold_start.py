"""Cold start of what ships: a new process until the function could take its first event, in
processor time; then its first event, and the memory that it had at its peak.

Beside the floor, what msgspec alone adds to it: one model, as small as can be.
"""

import json
from collections.abc import Iterator
from functools import partial

from bench.environment import API_SECRET, ROOT, WEBHOOK_SECRET, delivery
from bench.measure import in_turn
from bench.row import Row
from bench.shipped import Shipped, shipped

ROUNDS = 15
MEMORY_MIB = 512  # of the ingest function

ONE_MODEL = "import msgspec; msgspec.json.Decoder(msgspec.defstruct('Model', [('field', int)]))"
CLIENTS = "boto3.client('dynamodb'); boto3.client('sqs'); boto3.client('secretsmanager')"
FLOORS = {
    "ingest": f"import boto3; {CLIENTS}",
    "fetch": f"import boto3, requests; {CLIENTS}; boto3.client('s3'); boto3.client('sns')",
    "sweep": f"import boto3, requests; {CLIENTS}; boto3.client('sns')",
}
GOALS = {"ingest": 1.05, "fetch": 1.15, "sweep": 1.10}
FIRST_DELIVERY = """
import json, os, resource, sys, time
from bench.aws import FakeAws
from bench.environment import Context
given = json.load(sys.stdin)
FakeAws(given["secrets"]).install()
from functions.ingest.handler import handler
out, sys.stdout = sys.stdout, open(os.devnull, "w")
begun = time.process_time()
answer = handler(given["event"], Context())
first = time.process_time()
handler(given["event"], Context())
second = time.process_time()
assert answer["statusCode"] == 202, answer
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([first - begun, second - first, peak]), file=out)
"""


def rows() -> Iterator[Row]:
    with shipped() as bundle:
        for function, floor in FLOORS.items():
            pair = in_turn(
                partial(bundle.cpu_seconds, f"import functions.{function}.handler"),
                partial(bundle.cpu_seconds, floor),
                rounds=ROUNDS,
                warmups=2,
            )
            with_msgspec = in_turn(
                partial(bundle.cpu_seconds, f"{floor}; {ONE_MODEL}"),
                partial(bundle.cpu_seconds, floor),
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
        yield from _first_delivery(bundle)


def _first_delivery(bundle: Shipped) -> Iterator[Row]:
    event = delivery((ROOT / "events" / "run_completed.json").read_bytes())
    given = {"secrets": {"webhook": WEBHOOK_SECRET, "api": API_SECRET}, "event": event}
    text = json.dumps(given)
    measured = [json.loads(bundle.run(FIRST_DELIVERY, also=ROOT, text=text)) for _ in range(5)]
    first, second, peak = (sorted(values)[2] for values in zip(*measured, strict=True))
    yield Row(
        what="ingest: CPU of the first delivery after a start",
        ours=f"{first * 1000:.0f} ms",
        floor=f"{second * 1000:.0f} ms, the second",
        value=first * 1000,
        goal=50,
        unit=" ms",
    )
    yield Row(
        what="ingest: memory at its peak",
        ours=f"{peak:.0f} MiB",
        floor=f"{MEMORY_MIB} MiB, the function's",
        value=peak,
        goal=MEMORY_MIB / 2,
        unit=" MiB",
    )
