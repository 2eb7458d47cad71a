"""`make poison`: prints its figures; exits 1 if a run is not told, or kills too often."""

import argparse
import sys
import tempfile
from pathlib import Path

from local.stack import LocalStackError
from local.stack.stack import interrupt_once
from tests.poison.poisoning import Outcome, Poisoning
from tests.poison.poisons import DELIVERIES, POISONS


def main() -> None:
    parser = argparse.ArgumentParser(prog="make poison", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="poisons, by name")
    parser.add_argument("--honest", type=int, default=20, help="runs without any")
    options = parser.parse_args()
    interrupt_once()
    chosen = options.only
    poisoning = Poisoning(
        poisons=[one for one in POISONS if not chosen or one.name in chosen],
        deliveries=[one for one in DELIVERIES if not chosen or one.name in chosen],
        honest=options.honest,
        say=_say,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="poison-") as folder:
            outcome = poisoning.run(Path(folder))
    except LocalStackError as error:
        sys.exit(f"poison: {error}")
    except KeyboardInterrupt:
        sys.exit("poison: stopped")
    _show(outcome)
    sys.exit(1 if outcome.shortcomings else 0)


def _show(outcome: Outcome) -> None:
    _say(f"{'run':16} {'told after':>10}  {'state':12} deaths  ")
    for seen in outcome.runs:
        if seen.planted.poison is not None:
            after = "never" if seen.told_after is None else f"{seen.told_after:.0f} s"
            short = "; ".join(one.partition(": ")[2] for one in seen.shortcomings())
            _say(f"{seen.planted!s:16} {after:>10}  {seen.state:12} {seen.deaths:6}  {short}")
    honest = [seen for seen in outcome.runs if seen.planted.poison is None]
    archived = sum(seen.state == "archived" for seen in honest)
    rows = {
        "honest runs": f"{archived} of {len(honest)} archived",
        "deaths": ", ".join(f"{what}: {n}" for what, n in outcome.deaths.of_functions.items())
        or "none",
        "deliveries": "; ".join(f"{name}: {a}" for name, a in outcome.answers.items()),
        "time": f"{outcome.seconds:.0f} s"
        + ("" if outcome.drained else ", and runs wait even then"),
        "shortcomings": f"{len(outcome.shortcomings)}",
    }
    for name, value in rows.items():
        _say(f"{name:16} {value}")
    for shortcoming in outcome.shortcomings:
        _say(f"shortcoming: {shortcoming}")


def _say(line: str) -> None:
    sys.stdout.write(f"poison: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
