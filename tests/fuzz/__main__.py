"""`make fuzz`: mutated requests on all processors; exits 1 if there is a finding."""

import argparse
import os
import secrets
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from statistics import median

from tests.fuzz.campaign import SLOW, Report, run

CHUNK = 25_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", default=secrets.token_hex(4))
    options = parser.parse_args()
    _say(f"fuzz: {options.requests:,} requests, seed {options.seed}")
    begun = time.monotonic()
    report = _run_on_all_processors(options.seed, options.requests)
    _print(report, time.monotonic() - begun)
    faults = report.findings + report.slow()
    for fault in faults[:20]:
        _say(f"finding: {fault}")
    _say(f"findings: {len(faults)}")
    return 1 if faults else 0


def _run_on_all_processors(seed: str, requests: int) -> Report:
    sizes = [min(CHUNK, requests - at) for at in range(0, requests, CHUNK)]
    seeds = [f"{seed}/{number}" for number in range(len(sizes))]
    report = Report()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(run, seeds, sizes, chunksize=1):
            report.add(part)
    return report


def _print(report: Report, seconds: float) -> None:
    times = report.all_seconds
    middle, longest = median(times) * 1000, max(times) * 1000
    _say(f"{len(times):,} requests in {seconds:.0f} s; CPU time of one, in milliseconds:")
    _say(f"  {'':12} {'requests':>9} {'median':>7} {'longest':>8}")
    for outcome, alike in sorted(report.seconds.items()):
        times_alike = f"{median(alike) * 1000:7.2f} {max(alike) * 1000:8.2f}"
        _say(f"  {outcome:12} {len(alike):9,} {times_alike}")
    _say(f"  {'all':12} {len(times):9,} {middle:7.2f} {longest:8.2f}")
    _say(f"the longest took {longest / middle:.1f} times the median; {SLOW} times is the limit")
    _say(f"timed again because they seemed to take half of that: {report.repeated}")
    _say(f"reads of the webhook secret: {report.secret_reads}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
