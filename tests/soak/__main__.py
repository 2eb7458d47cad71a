"""`make soak`: prints its figures; exits 1 if anything is missing, too much or different."""

import argparse
import sys
import tempfile
from pathlib import Path

from local.stack import LocalStackError
from local.stack.stack import interrupt_once
from tests.soak.soak import NotDrainedError, Outcome, Soak


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kill-interval", type=float, default=8, help="mean, in seconds")
    options = parser.parse_args()
    interrupt_once()
    soak = Soak(
        deliveries=options.deliveries,
        seed=options.seed,
        kill_interval=options.kill_interval,
        say=_say,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            outcome = soak.run(Path(folder))
    except (LocalStackError, NotDrainedError) as error:
        sys.exit(f"soak: {error}")
    except KeyboardInterrupt:
        sys.exit("soak: stopped")
    _show(outcome)
    sys.exit(1 if outcome.shortcomings else 0)


def _show(outcome: Outcome) -> None:
    rows = {
        "deliveries": f"{outcome.deliveries:,}, {outcome.repeated:,} of them repetitions",
        "runs": f"{outcome.runs:,}, {outcome.failed_runs:,} of them failed",
        "sent again": f"{outcome.attempts - outcome.deliveries:,} that were not answered 2xx",
        "deliveries a second": f"{outcome.deliveries / outcome.sending:.1f}",
        "time to a 2xx": f"p50 {outcome.percentile(50) * 1000:.0f} ms, "
        f"p99 {outcome.percentile(99) * 1000:.0f} ms",
        "time to drain": f"{outcome.draining:.0f} s after the last delivery",
        "requests to the stand-in": f"{outcome.requests:,}, "
        f"{outcome.faults:,} of them ({outcome.faults / outcome.requests:.1%}) met a fault",
        "workers killed": f"{outcome.kills:,}, {outcome.interrupted:,} of them at work",
        "tried again": f"{outcome.retries:,} receives",
        "objects": f"{outcome.objects:,}",
        "shortcomings": f"{len(outcome.shortcomings):,}",
    }
    for name, value in rows.items():
        _say(f"{name:25} {value}")
    for shortcoming in outcome.shortcomings[:20]:
        _say(f"shortcoming: {shortcoming}")


def _say(line: str) -> None:
    sys.stdout.write(f"soak: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
