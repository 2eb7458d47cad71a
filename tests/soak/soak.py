"""A soak from start to end, and what it comes to."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from local.stack.stack import LocalStack, local_stack
from local.standin import Standin
from tests.e2e.client import Client
from tests.e2e.leaks import leaks
from tests.soak.faults import soak_faults
from tests.soak.killer import Killer
from tests.soak.plan import Plan, plan, runs
from tests.soak.sender import Sender
from tests.soak.verify import shortcomings

# Hardly more than the margin that the function keeps; and a killed worker's run is received again
# after that and not after six times that, so that the soak ends soon.
FETCH_SECONDS = 30
VISIBILITY_SECONDS = 40
# Fewer than by default, for fewer processors: so there is a backlog, and who is killed is at work.
CONCURRENCY = 3
# As on a deployed stack. All runs are younger, so that no file is given up.
MISSING_GRACE_SECONDS = 3600
DRAIN_SECONDS = 15 * 60

Say = Callable[[str], None]


class NotDrainedError(Exception):
    """The run queue was not empty in time."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Times are in seconds. `interrupted` are invocations that ended with their killed worker."""

    deliveries: int
    repeated: int
    runs: int
    failed_runs: int
    attempts: int
    sending: float
    latencies: list[float]
    draining: float
    requests: int
    faults: int
    kills: int
    interrupted: int
    retries: int
    objects: int
    shortcomings: list[str]

    def percentile(self, percent: int) -> float:
        return quantiles(self.latencies, n=100)[percent - 1]


@dataclass(frozen=True, kw_only=True)
class Soak:
    """`kill_interval` is the mean time between two kills, in seconds."""

    deliveries: int
    seed: int
    kill_interval: float
    say: Say

    def run(self, state_dir: Path) -> Outcome:
        """On a stack and a stand-in of its own, both gone at the end.

        Raises:
            NotDrainedError: the queue was not empty `DRAIN_SECONDS` after the last delivery.
        """
        variant = {"fetch_timeout": FETCH_SECONDS, "missing_grace": MISSING_GRACE_SECONDS}
        of_runs = runs(self.deliveries, self.seed)
        with (
            local_stack(
                state_dir,
                fresh=True,
                settings={"maxConcurrency": CONCURRENCY},
                variant=variant,
                say=self.say,
            ) as stack,
            Standin(of_runs, seed=self.seed) as standin,
        ):
            standin.faults.add(*soak_faults())
            planned = plan(of_runs, self.deliveries, self.seed, standin.api_url)
            return self._on(stack, standin, planned)

    def _on(self, stack: LocalStack, standin: Standin, planned: Plan) -> Outcome:
        client, queue = Client(stack.outputs), stack.outputs.queue_url
        client.sqs.set_queue_attributes(
            QueueUrl=queue, Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        )
        sender = Sender(client)
        killer = Killer(
            stack.state,
            has_backlog=lambda: client.waiting(queue) > 0,
            interval=self.kill_interval,
            seed=self.seed,
        )
        self.say(f"sending {self.deliveries:,} deliveries of {len(planned.runs):,} runs")
        begun = time.monotonic()
        with killer:
            sender.send(planned.deliveries)
            sent = time.monotonic()
            self.say(f"sent in {sent - begun:.0f} s; the queue drains")
            self._await(lambda: client.waiting(queue) == 0, until=sent + DRAIN_SECONDS)
        self.say(f"no run waits; those of {killer.kills} killed workers are still to come back")
        self._await(lambda: client.is_empty(queue), until=sent + DRAIN_SECONDS)
        drained = time.monotonic()
        self.say(f"empty after {drained - sent:.0f} s; looking at what is there")
        requests = list(standin.requests)
        return Outcome(
            deliveries=len(planned.deliveries),
            repeated=len(planned.deliveries) - len({one.key for one in planned.deliveries}),
            runs=len(planned.runs),
            failed_runs=sum(run.state == "FAILED" for run in planned.runs),
            attempts=sender.attempts,
            sending=sent - begun,
            latencies=sender.seconds,
            draining=drained - sent,
            requests=len(requests),
            faults=sum(request.fault is not None for request in requests),
            kills=killer.kills,
            interrupted=client.matching_lines("FetchLogs", "Worker process died"),
            retries=client.matching_lines("FetchLogs", "run will be retried"),
            objects=len(client.keys("runs/")),
            shortcomings=[
                *(f"a delivery of run {one.run_id} was never taken" for one in sender.undelivered),
                *shortcomings(client, planned),
                *(
                    f"a log line holds a secret: {line[:500]}"
                    for line in leaks(client.log_lines(), [stack.outputs.signing_secret])
                ),
            ],
        )

    def _await(self, look: Callable[[], bool], *, until: float) -> None:
        while not look():
            if time.monotonic() > until:
                raise NotDrainedError(f"the queue is not empty {DRAIN_SECONDS} s after the end")
            time.sleep(0.5)
