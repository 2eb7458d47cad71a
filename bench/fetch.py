"""The fetch function: one large artifact, many small ones, and the same run again."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from bench.environment import ROOT
from bench.measure import in_turn
from bench.paradime import paradime
from bench.row import Row

GIB = 1024**3
SMALL = 20_000
API_SECONDS, DOWNLOAD_SECONDS = 0.05, 0.02
MANY = 200


def rows() -> Iterator[Row]:
    yield from _one_large()
    yield from _many()
    yield from _growth()


def _one_large() -> Iterator[Row]:
    growth: list[float] = []

    def ours() -> float:
        first = fetching("ours", url, 1)["first"]
        growth.append(first["growth_mib"])
        return float(first["seconds"])

    def floor(what: str) -> Callable[[], float]:
        return lambda: float(fetching(what, url, 1)["first"]["seconds"])

    with paradime(artifacts=1, size=GIB) as url:
        pair = in_turn(ours, floor("floor"), rounds=5)
        with_digests = in_turn(ours, floor("digests"), rounds=5)
    yield Row(
        what="fetch: memory growth for one 1 GiB artifact",
        ours=f"{median(growth):.1f} MiB",
        floor="1,024 MiB, the artifact",
        value=median(growth),
        goal=16,
        unit=" MiB",
    )
    yield Row(
        what="fetch: time for one 1 GiB artifact",
        ours=f"{pair.ours.median():.2f} s",
        floor=f"{pair.floor.median():.2f} s, requests to upload_fileobj",
        value=pair.ratio,
        goal=1.15,
    )
    yield Row(
        what="fetch: the same, against both digests",
        ours=f"{with_digests.ours.median():.2f} s",
        floor=f"{with_digests.floor.median():.2f} s, with the two SHA-256 that an archive has",
        value=with_digests.ratio,
        goal=1.15,
    )


def _many() -> Iterator[Row]:
    firsts: list[float] = []
    later: dict[str, list[float]] = {"again": [], "stopped": []}

    def ours() -> float:
        result = fetching("ours", url, MANY, "--again")
        firsts.append(float(result["first"]["seconds"]))
        for name, seconds in later.items():
            seconds.append(float(result[name]["seconds"]))
        return firsts[-1]

    with paradime(
        artifacts=MANY, size=SMALL, api_seconds=API_SECONDS, download_seconds=DOWNLOAD_SECONDS
    ) as url:
        pair = in_turn(
            ours,
            lambda: float(fetching("sdk", url, MANY)["first"]["seconds"]),
            rounds=3,
            warmups=0,
        )
    yield Row(
        what=f"fetch: {MANY} artifacts, API 50 ms, download 20 ms",
        ours=f"{pair.ours.median():.2f} s",
        floor=f"{pair.floor.median():.2f} s, the vendor's SDK in a loop",
        value=1 / pair.ratio,
        goal=6,
        unit=" × faster",
        at_least=True,
    )
    for name, what in (
        ("again", "the same run delivered again, all stored"),
        ("stopped", "the same after a stop just before the record was written"),
    ):
        yield Row(
            what=f"fetch: {what}",
            ours=f"{median(later[name]) * 1000:.0f} ms",
            floor=f"{median(firsts) * 1000:.0f} ms, the first time",
            value=median(one / first for one, first in zip(later[name], firsts, strict=True)),
            goal=0.1,
        )


def _growth() -> Iterator[Row]:
    seconds, memory = {}, {}
    for artifacts in (10, 100, 1000):
        with paradime(artifacts=artifacts, size=SMALL) as url:
            firsts = [fetching("ours", url, artifacts)["first"] for _ in range(3)]
        seconds[artifacts] = median(first["seconds"] for first in firsts) / artifacts
        memory[artifacts] = median(first["growth_mib"] for first in firsts)
    for artifacts in (100, 1000):
        yield Row(
            what=f"fetch: time an artifact, run of {artifacts:,}",
            ours=f"{seconds[artifacts] * 1000:.1f} ms, {memory[artifacts]:.0f} MiB more",
            floor=f"{seconds[10] * 1000:.1f} ms, {memory[10]:.0f} MiB more: a run of 10",
            value=seconds[artifacts] / seconds[10],
            goal=1.1,
        )


def fetching(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.fetching", *map(str, arguments)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise RuntimeError(f"{command} failed:\n{finished.stdout[-2000:]}{finished.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return result
