"""Writes the rows of a run of so many nodes, and prints the object's bytes.

Its memory may grow by 64 MiB from where it begins, which the kernel enforces: beyond that the
process fails.
"""

import json
import random
import resource
import sys
from datetime import UTC, datetime, timedelta

from functions.rows.of_run import rows
from functions.rows.packed import packed
from tests.archives import archive_from, payload

ROOM = 64 * 1024 * 1024


def results(number: int) -> bytes:
    """As dbt writes them: models and tests with SQL, times and a digest in a test's id."""
    chance = random.Random(19)  # noqa: S311 (the same each time)
    at = datetime(2024, 5, 1, 2, 1, tzinfo=UTC)
    words = ("orders", "customers", "payments", "sessions", "returns", "invoices", "events")
    found = []
    for place in range(number):
        at += timedelta(microseconds=chance.randrange(400_000))
        seconds = chance.lognormvariate(0, 1)
        name = f"{chance.choice(('stg', 'int', 'fct'))}_{chance.choice(words)}_{place // 4}"
        if place % 4:
            column = chance.choice(("id", "status", "created_at"))
            unique_id = f"test.shop.not_null_{name}_{column}.{chance.getrandbits(40):010x}"
        else:
            unique_id = f"model.shop.{name}"
        found.append(
            {
                "unique_id": unique_id,
                "status": "pass" if place % 4 else "success",
                "execution_time": seconds,
                "failures": 0 if place % 4 else None,
                "message": "SUCCESS 1",
                "compiled_code": "column, " * 250,
                "adapter_response": {} if place % 4 else {"rows_affected": chance.randrange(10**6)},
                "timing": [
                    {"name": "compile", "started_at": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"},
                    {"name": "execute", "started_at": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"},
                ],
            }
        )
    return json.dumps({"metadata": {}, "results": found}).encode()


def main(number: int) -> None:
    command = {"id": 70, "command": "dbt build", "status": "succeeded", "return_code": 0}
    archive = archive_from(payload(commands=[command]))
    archive.put(70, "target/run_results.json", results(number))
    with open("/proc/self/statm") as sizes:  # noqa: PTH123 (no file of anybody's)
        taken = int(sizes.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, resource.RLIM_INFINITY))
    failed = archive.what_failed()
    print(len(packed(rows(archive.event, failed, archive.read_end))))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
