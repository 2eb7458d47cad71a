"""Rows of many runs in which some things are planted: a flaky test, a slowing model, a regression.

A run of each schedule a day, the last one today, and a new commit every fifth day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from functions.rows.packed import PREFIX, packed
from functions.rows.row import COMMAND, RUN, Row
from functions.run.instants import to_text

UID = "n0sg8br1m44k0ryj"
DAYS = 60
DAYS_A_COMMIT = 5
# Of the first schedule alone.
FLAKY = "test.shop.unique_orders_id.0123456789"
FLIPPING = "test.shop.not_null_orders_at.0123456789"
STEADY = "test.shop.not_null_orders_id.0123456789"
SLOWING = "model.shop.fct_orders"
BROKEN = "model.shop.stg_payments"
HEALED = "model.shop.stg_refunds"
BROKEN_FOR_DAYS = 8
NO_WAREHOUSE = "No active warehouse selected"


@dataclass(frozen=True, slots=True)
class Planted:
    """A run's object; `day` counts from 0, the first day."""

    key: str
    body: bytes
    day: int
    schedule: int


def commit_of(day: int) -> str:
    return f"{day // DAYS_A_COMMIT:040x}"


def run_id_of(day: int, schedule: int) -> int:
    return 1_000 * schedule + day + 1


def start_of(day: int, now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=1, microsecond=0) - timedelta(days=DAYS - 1 - day)


def planted(schedules: int, *, models: int = 3, now: datetime | None = None) -> Iterator[Planted]:
    for schedule in range(schedules):
        for day in range(DAYS):
            yield _run(schedule, day, models, now or datetime.now(UTC))


def _run(schedule: int, day: int, models: int, now: datetime) -> Planted:
    start, run_id = start_of(day, now), run_id_of(day, schedule)
    of_run = {
        "run_key": f"{UID}#{run_id}",
        "workspace_uid": UID,
        "run_id": run_id,
        "schedule_name": f"schedule_{schedule}",
        "commit_hash": commit_of(day),
        "run_started_at": to_text(start),
        "started_at": to_text(start),
    }

    def row(**columns: object) -> Row:
        defaults = {"healed": False, "command_index": 1, "command": "dbt build"}
        return Row(**(of_run | defaults | columns))  # type: ignore[arg-type]

    rows = [
        row(type="model", unique_id=f"model.shop.m{number}", status="success", seconds=2.0)
        for number in range(models)
    ]
    if schedule == 0:
        rows += _things(row, day)
    rows.append(row(type=COMMAND, status="success", seconds=60.0))
    rows.append(row(type=RUN, status="succeeded", seconds=120.0, command_index=None, command=None))
    key = f"{PREFIX}day={start:%Y-%m-%d}/{UID}-{run_id}.jsonl.gz"
    return Planted(key, packed(rows), day, schedule)


def _things(row: object, day: int) -> Iterator[Row]:
    assert callable(row)
    # On the second day of one commit, it failed once.
    flaky = "fail" if day == 3 * DAYS_A_COMMIT + 1 else "success"
    yield row(type="test", unique_id=FLAKY, status=flaky, failures=int(flaky == "fail"))
    # A week of bad data, as it may happen: on whole commits, so no commit has both.
    flipping = "fail" if day // DAYS_A_COMMIT in (5, 7, 9) else "success"
    yield row(type="test", unique_id=FLIPPING, status=flipping)
    yield row(type="test", unique_id=STEADY, status="success")
    slowing = 25.0 if day >= DAYS - 7 else 10.0
    yield row(type="model", unique_id=SLOWING, status="success", seconds=slowing)
    broken = day >= DAYS - BROKEN_FOR_DAYS
    yield row(
        type="model",
        unique_id=BROKEN,
        status="error" if broken else "success",
        reason=NO_WAREHOUSE if broken else None,
        fingerprint="f" * 16 if broken else None,
    )
    yield row(type="model", unique_id=HEALED, status="error", healed=True)
    yield row(type="model", unique_id=HEALED, status="success", command_index=2)
