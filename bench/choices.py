"""`python -m bench.choices`: what other numbers of workers, and other sizes of parts, come to.

The defaults in `functions/fetch` are chosen from these tables, which `docs/performance.md` carries.
"""

from collections.abc import Iterable
from statistics import median
from typing import Any

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.fetch import API_SECONDS, DOWNLOAD_SECONDS, MANY, SMALL, fetching
from bench.fetching import MIB
from bench.paradime import paradime
from functions.aws.bucket import PART_BYTES
from functions.fetch.files import WORKERS

ROUNDS = 3
WORKERS_TRIED = (1, 2, 4, 8, 16, 32)
PARTS_TRIED = (5, 8, 16, 32)
LARGE_MIB = 256
# Of several parts each, so that as many of them are under way at once as there are workers.
LARGE_FILES = 8


def main() -> None:
    console = Console(highlight=False)
    with paradime(
        artifacts=MANY, size=SMALL, api_seconds=API_SECONDS, download_seconds=DOWNLOAD_SECONDS
    ) as url:
        tried = {n: _first(url, MANY, "--workers", n) for n in WORKERS_TRIED}
    console.print(_table(f"workers, {MANY} artifacts, API 50 ms, download 20 ms", tried, WORKERS))
    with paradime(artifacts=LARGE_FILES, size=LARGE_MIB * MIB) as url:
        tried = {mib: _first(url, LARGE_FILES, "--part-mib", mib) for mib in PARTS_TRIED}
    default = PART_BYTES // MIB
    console.print(_table(f"MiB a part, {LARGE_FILES} files of {LARGE_MIB} MiB", tried, default))


def _first(url: str, artifacts: int, *options: object) -> dict[str, float]:
    measured = [fetching("ours", url, artifacts, *options)["first"] for _ in range(ROUNDS)]
    return {name: median(one[name] for one in measured) for name in measured[0]}


def _table(what: str, tried: dict[int, dict[str, Any]], default: int) -> Table:
    table = Table(what, "seconds", "of them on a processor", "MiB in all", box=MARKDOWN)
    for number, one in tried.items():
        table.add_row(*_row(f"**{number}**" if number == default else str(number), one))
    return table


def _row(number: str, one: dict[str, float]) -> Iterable[str]:
    yield number
    yield f"{one['seconds']:.2f}"
    yield f"{one['cpu_seconds']:.2f}"
    yield f"{one['largest_mib']:.0f}"


if __name__ == "__main__":
    main()
