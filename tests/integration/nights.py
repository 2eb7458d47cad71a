"""A schedule's runs: one succeeds, one fails, one fails the same, one fails differently, one
recovers. Known to the stand-in, delivered in any order.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.standin import Standin
from local.standin.data import Command, Resource, Run

WORKSPACE = "n0sg8br1m44k0ryj"
SCHEDULE = "nightly"
DEPS = 1_000_000
FIRST_START = datetime(2026, 3, 2, 2, 0)  # noqa: DTZ001 (as Paradime writes instants)


@dataclass(frozen=True)
class Night:
    """A run that starts `hours` after `first`, and in which these nodes fail, if any; `manifest` is
    the one of its build.
    """

    run_id: int
    hours: float
    failing: Sequence[str] = ()
    schedule: str = SCHEDULE
    first: datetime = FIRST_START
    manifest: bytes | None = None

    @property
    def run_key(self) -> str:
        return f"{WORKSPACE}#{self.run_id}"

    @property
    def start(self) -> datetime:
        return self.first + timedelta(hours=self.hours)

    def results(self) -> Resource:
        rows = [
            {"unique_id": node, "status": "error", "message": f"Database Error in {node}"}
            for node in self.failing
        ]
        return Resource(
            id=self.run_id * 10,
            path="target/run_results.json",
            content=json.dumps({"results": rows}).encode(),
        )

    def resources(self) -> list[Resource]:
        if self.manifest is None:
            return [self.results()]
        manifest = Resource(
            id=self.run_id * 10 + 1, path="target/manifest.json", content=self.manifest
        )
        return [self.results(), manifest]

    def add_to(self, standin: Standin) -> None:
        standin.bolt.add(
            Run(
                run_id=self.run_id,
                schedule_name=self.schedule,
                schedule_slug=self.schedule,
                state="FAILED" if self.failing else "SUCCESS",
                commit_hash=f"{self.run_id:040x}",
                start_dttm=f"{self.start:%Y-%m-%d %H:%M:%S.%f}",
                end_dttm=f"{self.start + timedelta(minutes=5):%Y-%m-%d %H:%M:%S.%f}",
                commands=[
                    Command(id=self.run_id + DEPS, command="dbt deps", stdout="installed"),
                    Command(
                        id=self.run_id,
                        command="dbt build",
                        stdout="built",
                        return_code=int(bool(self.failing)),
                        resources=self.resources(),
                    ),
                ],
            )
        )

    def payload(self, api_url: str, **changes: Any) -> bytes:
        status = "failed" if self.failing else "succeeded"
        start = f"{self.start:%Y-%m-%d %H:%M:%S.%f}"
        end = f"{self.start + timedelta(minutes=5):%Y-%m-%d %H:%M:%S.%f}"
        run = {
            "id": self.run_id,
            "workspace": {"uid": WORKSPACE, "name": "demo-jaffle"},
            "schedule_name": self.schedule,
            "api_url": api_url,
            "status": status,
            "start_dttm": start,
            "end_dttm": end,
            "environment": {"commit_hash": f"{self.run_id:040x}"},
            "commands": [
                {
                    "id": self.run_id + DEPS,
                    "command": "dbt deps",
                    "status": "succeeded",
                    "return_code": 0,
                    "start_dttm": start,
                    "end_dttm": start,
                    "json_resources": [],
                },
                {
                    "id": self.run_id,
                    "command": "dbt build",
                    "status": status,
                    "return_code": int(bool(self.failing)),
                    "start_dttm": start,
                    "end_dttm": end,
                    "json_resources": [
                        {"id": resource.id, "path": resource.path} for resource in self.resources()
                    ],
                },
            ],
        }
        return json.dumps(run | changes).encode()


ORDERS, PAYMENTS, CUSTOMERS = (f"model.shop.{name}" for name in ("orders", "payments", "customers"))
GOOD = Night(5001, 0)
FAILS = Night(5002, 24, (ORDERS, PAYMENTS))
FAILS_THE_SAME = Night(5003, 25, (ORDERS, PAYMENTS))
FAILS_DIFFERENTLY = Night(5004, 48, (ORDERS, CUSTOMERS))
RECOVERS = Night(5005, 72)
STORY = (GOOD, FAILS, FAILS_THE_SAME, FAILS_DIFFERENTLY, RECOVERS)


def story(schedule: str, first_run_id: int, first: datetime) -> list[Night]:
    """The same in another schedule, within a day and a half."""
    hours = {GOOD: 0, FAILS: 10, FAILS_THE_SAME: 11, FAILS_DIFFERENTLY: 20, RECOVERS: 30}
    return [
        Night(first_run_id + number, hours[night], night.failing, schedule, first)
        for number, night in enumerate(STORY)
    ]


def add_all(standin: Standin, nights: Iterable[Night]) -> None:
    for night in nights:
        night.add_to(standin)
