"""`make bench`: measures everything in one run and prints one table.

Exits 0 whether goals are met or not: a table is a finding, not a test.
"""

import sys
import time
from collections.abc import Callable, Iterator

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from bench import (
    artifacts,
    bundle,
    calls,
    cold_start,
    fetch,
    local_stack,
    rows,
    serve,
    warm_ingest,
)
from bench.row import Row

PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "cold": cold_start.rows,
    "warm": warm_ingest.rows,
    "fetch": fetch.rows,
    "artifacts": artifacts.rows,
    "local": local_stack.rows,
    "serve": serve.rows,
    "rows": rows.rows,
    "calls": calls.rows,
    "bundle": bundle.rows,
}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - PARTS.keys():
        sys.exit(f"bench: no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    # In a file each row is one line, as `docs/performance.md` carries it.
    console = Console(width=None if sys.stdout.isatty() else 400, highlight=False)
    begun = time.monotonic()
    table = Table("what", "ours", "floor or peer", "ratio", "goal", "met", box=MARKDOWN)
    for part in wanted:
        console.print(f"bench: {part}, {time.monotonic() - begun:.0f} s so far")
        for row in PARTS[part]():
            table.add_row(
                row.what,
                row.ours,
                row.floor,
                f"{row.value:.2f}{row.unit}",
                f"{'≥' if row.at_least else '≤'} {row.goal:g}{row.unit}",
                "yes" if row.met else "**no**",
            )
    console.print(table)
    console.print(f"bench: {time.monotonic() - begun:.0f} s in all")


if __name__ == "__main__":
    main()
