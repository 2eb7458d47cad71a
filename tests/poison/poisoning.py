"""One run of the harness: stack, deliveries, waiting, outcome."""

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.inbox import new_inbox
from local.stack.stack import LocalStack, local_stack
from local.standin import Standin
from tests.bolt_runs import completed_payload
from tests.e2e.client import Client
from tests.poison.poisons import Delivery, Poison
from tests.poison.runs import Planted, plant
from tests.poison.seen import Deaths, Inbox, Seen, look
from tests.soak.plan import Planned
from tests.soak.sender import Sender

# One for each processor: what dies should die of its memory, not of a slow machine.
CONCURRENCY = 2
FETCH_SECONDS = 120
# One poison is larger; that one must not be stored.
MAX_ARTIFACT_MIB = 100
# A message must be published so soon after the function was killed. This is less than the queue's
# visibility time-out: it cannot be left to the queue alone.
TELL_SECONDS = 5 * 60
DRAIN_SECONDS = 15 * 60

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`answers` are the responses to the poisoned deliveries, by name."""

    runs: Sequence[Seen]
    deaths: Deaths
    answers: dict[str, str]
    seconds: float
    undelivered: int
    drained: bool

    @property
    def shortcomings(self) -> list[str]:
        return [
            *(short for seen in self.runs for short in seen.shortcomings()),
            *(
                f"{name}: answered {answer}, not 202 quarantined"
                for name, answer in self.answers.items()
                if answer != "202 quarantined"
            ),
            *(
                f"the function was killed {times} times: {what}"
                for what, times in self.deaths.of_functions.items()
                if what.endswith("killed") and what != "Fetch killed"
            ),
            *([f"{self.undelivered} deliveries were never taken"] if self.undelivered else []),
        ]


@dataclass(frozen=True, kw_only=True)
class Poisoning:
    poisons: Sequence[Poison]
    deliveries: Sequence[Delivery]
    honest: int
    say: Say

    def run(self, folder: Path) -> Outcome:
        """On its own stack and stand-in, both stopped on exit."""
        files = folder / "files"
        files.mkdir()
        self.say("making the poisons")
        planted = plant(self.poisons, self.honest, files)
        with (
            local_stack(
                folder / "stack",
                settings={"maxConcurrency": CONCURRENCY, "maxArtifactMiB": MAX_ARTIFACT_MIB},
                variant={"fetch_timeout": FETCH_SECONDS},
                say=self.say,
            ) as stack,
            Standin([one.run for one in planted]) as standin,
        ):
            for one in planted:
                standin.faults.add(*one.faults)
            return self._on(stack, standin, planted)

    def _on(self, stack: LocalStack, standin: Standin, planted: list[Planted]) -> Outcome:
        client = Client(stack.outputs)
        inbox = Inbox(client, new_inbox(stack.outputs, "poison"))
        sender = Sender(client)
        deliveries = [
            Planned(at, one.run.run_id, completed_payload(one.run, standin.api_url))
            for at, one in enumerate(planted)
        ]
        random.Random(1).shuffle(deliveries)  # noqa: S311 (chooses, guards nothing)
        self.say(f"sending {len(self.poisons)} poisoned runs and {self.honest} honest ones")
        begun = time.monotonic()
        sender.send(deliveries)
        answers = {one.name: _answer(client, one) for one in self.deliveries}
        self.say(f"sent in {time.monotonic() - begun:.0f} s; waiting for what is told")
        told_after = self._await_told(stack, inbox, planted, begun)
        # A run can kill again until its pointer is gone, even if a message was published.
        drained = len(told_after) == len(planted) and self._await_drained(client)
        inbox.take()
        deaths = Deaths.read(stack.state.aws_log)
        records = {int(record["run_id"]): record for record in client.records()}
        return Outcome(
            runs=[
                look(client, one, records.get(one.run.run_id, {}), inbox, told_after, deaths)
                for one in planted
            ],
            deaths=deaths,
            answers=answers,
            seconds=time.monotonic() - begun,
            undelivered=len(sender.undelivered),
            drained=drained,
        )

    def _await_told(
        self, stack: LocalStack, inbox: Inbox, planted: list[Planted], begun: float
    ) -> dict[int, float]:
        """Seconds from the first delivery to the message, by run.

        Stops when for long no further run was told or has killed the function.
        """
        told: dict[int, float] = {}
        wanted = {one.run.run_id for one in planted}
        died, last = 0, time.monotonic()
        while wanted - told.keys() and time.monotonic() - last < TELL_SECONDS:
            inbox.take()
            now = time.monotonic()
            new = dict.fromkeys(inbox.messages.keys() & wanted - told.keys(), now - begun)
            killers = len(Deaths.read(stack.state.aws_log).of_runs)
            if new or killers > died:
                last = now
                told |= new
                died = killers
                self.say(f"{now - begun:4.0f} s: {len(told)} of {len(wanted)} told, {died} killed")
            time.sleep(0.5)
        return told

    def _await_drained(self, client: Client) -> bool:
        """Whether the queue is empty: until then a poison can kill again."""
        self.say("waiting for the queue to drain")
        end = time.monotonic() + DRAIN_SECONDS
        while not client.is_empty(client.outputs.queue_url):
            if time.monotonic() > end:
                return False
            time.sleep(1)
        return True


def _answer(client: Client, delivery: Delivery) -> str:
    response = client.send(delivery.body())
    try:
        status = json.loads(response.text).get("status", "")
    except ValueError:
        status = response.text[:80]
    return f"{response.status_code} {status}".strip()
