"""A simulation of the run queue: failed runs that arrive, workers, an outage of Paradime.

Messages that are put off come back after the delays of `functions.fetch.received`. SimPy would take
fewer lines, but minutes for the millions of receives of a day.
"""

import random
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from heapq import heappop, heappush
from itertools import count
from math import inf
from statistics import quantiles

from functions.fetch.received import delay_seconds
from infra.variant import DEPLOYED

# Received and not deleted, at work or put off. Above it a poll gets nothing.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
MAX_IN_FLIGHT = 120_000
HOUR, DAY = 3600, 24 * 3600


class _Event(Enum):
    """What happens to a message at some time."""

    ARRIVES = auto()
    IS_ARCHIVED = auto()
    IS_PUT_OFF = auto()
    IS_GIVEN_UP = auto()
    IS_VISIBLE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the queue has to bear; rates and times by the second.

    A receive that begins during the outage fails and takes `failing_seconds`; any other archives
    its run and takes `service_seconds`. The outage begins at once and lasts `outage_seconds`.
    """

    rate: float
    workers: int
    service_seconds: float
    failing_seconds: float
    outage_seconds: float = 0

    @property
    def utilisation(self) -> float:
        """Of the workers without an outage. From 1 on the queue grows for ever."""
        return self.rate * self.service_seconds / self.workers

    @property
    def drain_seconds(self) -> float:
        """From the end of the outage until its runs are archived and nothing waits, about.

        What has come is taken by what the workers have left beside the runs that go on coming; and
        what was put off last may stay hidden for its whole delay, as among many runs one does.
        """
        if self.utilisation >= 1:
            return inf
        spare = self.workers / self.service_seconds - self.rate
        return max(self.rate * self.outage_seconds / spare, longest_delay(self.outage_seconds))


def longest_delay(outage_seconds: float) -> int:
    """The longest for which a message can be put off in an outage that lasts so long."""
    begun, longest = 0.0, 0
    for receive in range(1, DEPLOYED.max_receives):
        if begun >= outage_seconds:
            break
        longest = _delay(receive, jitter=0)
        begun += _delay(receive, jitter=1)
    return longest


@dataclass(slots=True, kw_only=True)
class Outcome:
    """`waits` are from a run's arrival until the receive that archives it begins, in seconds.

    With an outage it ended when that had been drained, else when its time was up.
    """

    archived: int = 0
    dead_letters: int = 0
    receives: int = 0
    most_receives: int = 0
    most_in_flight: int = 0
    busy_seconds: float = 0
    ended_at: float = 0
    waits: list[float] = field(default_factory=list)

    def wait(self, percent: int) -> float:
        return quantiles(self.waits, n=100)[percent - 1]


@dataclass(slots=True)
class _Message:
    arrived: float
    receives: int = 0


def simulate(load: Load, *, seconds: float, seed: int = 1) -> Outcome:
    """Ends after so many seconds, or before when all of an outage is drained."""
    chance, number, outcome = random.Random(seed), count(), Outcome()  # noqa: S311 (no secret)
    visible: deque[_Message] = deque()
    events: list[tuple[float, int, _Event, _Message]] = []
    at_work = in_flight = unfinished = 0

    def later(time: float, event: _Event, message: _Message) -> None:
        heappush(events, (time, next(number), event, message))

    later(chance.expovariate(load.rate), _Event.ARRIVES, _Message(0))
    while events:
        now, _, event, message = heappop(events)
        if now > seconds:
            outcome.ended_at = seconds
            break
        match event:
            case _Event.ARRIVES:
                message.arrived = now
                unfinished += now < load.outage_seconds
                visible.append(message)
                later(now + chance.expovariate(load.rate), _Event.ARRIVES, _Message(0))
            case _Event.IS_ARCHIVED | _Event.IS_GIVEN_UP:
                at_work, in_flight = at_work - 1, in_flight - 1
                unfinished -= message.arrived < load.outage_seconds
                outcome.archived += event is _Event.IS_ARCHIVED
                outcome.dead_letters += event is _Event.IS_GIVEN_UP
            case _Event.IS_PUT_OFF:
                at_work -= 1
                delay = _delay(message.receives, jitter=chance.random())
                later(now + delay, _Event.IS_VISIBLE, message)
            case _Event.IS_VISIBLE:
                in_flight -= 1
                visible.append(message)
        while visible and at_work < load.workers and in_flight < MAX_IN_FLIGHT:
            message = visible.popleft()
            message.receives += 1
            at_work, in_flight = at_work + 1, in_flight + 1
            outcome.receives += 1
            outcome.most_receives = max(outcome.most_receives, message.receives)
            outcome.most_in_flight = max(outcome.most_in_flight, in_flight)
            if now >= load.outage_seconds:
                lasts, then = load.service_seconds, _Event.IS_ARCHIVED
                outcome.waits.append(now - message.arrived)
            elif message.receives < DEPLOYED.max_receives:
                lasts, then = load.failing_seconds, _Event.IS_PUT_OFF
            else:
                lasts, then = load.failing_seconds, _Event.IS_GIVEN_UP
            outcome.busy_seconds += lasts
            later(now + lasts, then, message)
        if load.outage_seconds and now >= load.outage_seconds and not unfinished and not visible:
            outcome.ended_at = now
            break
    return outcome


def _delay(receive_count: int, *, jitter: float) -> int:
    return delay_seconds(
        receive_count=receive_count,
        base=DEPLOYED.retry_base,
        cap=DEPLOYED.retry_cap,
        retry_after=None,
        jitter=jitter,
    )
