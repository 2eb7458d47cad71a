"""Pairs of measurements, taken in turn, and their statistics.

The machine's speed drifts, so ours and the floor take turns, A B A B, and it is the medians of
one run that are compared. pyperf keeps the values and says when they are too scattered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import pyperf


@dataclass(frozen=True, slots=True)
class Pair:
    """Values of ours and of the floor, in seconds or whatever both were measured in."""

    ours: pyperf.Benchmark
    floor: pyperf.Benchmark

    @property
    def ratio(self) -> float:
        """The median of the ratios of neighbours in time."""
        both = zip(self.ours.get_values(), self.floor.get_values(), strict=True)
        return float(median(ours / floor for ours, floor in both))


def in_turn(
    ours: Callable[[], float], floor: Callable[[], float], *, rounds: int, warmups: int = 1
) -> Pair:
    """Calls both by turns; each returns what it measured."""
    values: tuple[list[float], list[float]] = ([], [])
    for number in range(warmups + rounds):
        pair = ours(), floor()
        if number >= warmups:
            values[0].append(pair[0])
            values[1].append(pair[1])
    return Pair(_benchmark("ours", values[0]), _benchmark("floor", values[1]))


def _benchmark(name: str, values: list[float]) -> pyperf.Benchmark:
    runs = [
        pyperf.Run([value], metadata={"name": name}, collect_metadata=False) for value in values
    ]
    return pyperf.Benchmark(runs)
