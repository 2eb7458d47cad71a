"""Every line can be found by delivery and run, and what is counted is what happened."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.observed import Observed, everything_happened, observing
from tests.integration.test_message import payload_with, queue_again
from tests.integration.world import World

UNKNOWN_RUN = {"delivery refused", "delivery too large", "delivery quarantined"}


@pytest.fixture(scope="module")
def observed() -> Observed:
    return everything_happened()


def test_every_line_of_ingest_names_the_delivery(observed: Observed) -> None:
    assert observed.of("ingest")
    assert [line for line in observed.of("ingest") if "delivery_id" not in line] == []


def test_every_line_of_ingest_names_the_run_if_it_is_known(observed: Observed) -> None:
    without = {line["message"] for line in observed.of("ingest") if "run_key" not in line}
    assert without == UNKNOWN_RUN


def test_every_line_of_fetch_names_the_run_and_its_deliveries(observed: Observed) -> None:
    lines = observed.of("fetch")
    assert {"run archived", "run will be retried", "archiving failed"} < {
        line["message"] for line in lines
    }
    assert [line for line in lines if not {"run_key", "delivery_ids"} <= line.keys()] == []


def test_no_line_keeps_what_belongs_to_another_delivery(world: World) -> None:
    with observing() as observed:
        world.send(world.payload())
        world.send(b"{}", {})
    [_, refused] = observed.of("ingest")
    assert not {"run_key", "delivery_id"} & refused.keys()


def test_a_fault_of_ingest_is_logged_with_delivery_and_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("functions.intake.intake.Intake.accept", fail)
    with (
        observing() as observed,
        pytest.warns(UserWarning, match="No application metrics"),
        pytest.raises(RuntimeError),
    ):
        world.send(world.payload())
    [line] = observed.of("ingest")
    assert line["message"] == "delivery processing failed"
    assert line["run_key"] == "n0sg8br1m44k0ryj#63187"
    assert line["delivery_id"].startswith("msg_")
    assert line["exception_name"] == "RuntimeError"


def test_metrics_can_be_found_by_run(world: World) -> None:
    with observing() as observed:
        world.send(world.payload())
        world.drain()
    assert {line["run_key"] for line in observed.emf} == {"n0sg8br1m44k0ryj#63187"}


@pytest.mark.parametrize(
    ("payload", "metric"),
    [
        (lambda world: world.payload(), "RunsFailed"),
        (lambda world: world.payload("run_completed_succeeded"), "RunsSucceeded"),
        (lambda world: payload_with(world, status="skipped", commands=[]), "RunsEndedOtherwise"),
    ],
)
def test_runs_count_by_how_they_ended(
    world: World, payload: Callable[[World], bytes], metric: str
) -> None:
    with observing() as observed:
        world.send(payload(world))
    counted = {
        m for m in ("RunsFailed", "RunsSucceeded", "RunsEndedOtherwise") if observed.value(m)
    }
    assert counted == {metric}


def test_a_run_that_started_is_no_ended_one(world: World) -> None:
    with observing() as observed:
        world.send(world.payload("run_started_63187"))
    assert {metric.name for metric in observed.metrics} == {"DeliveriesAccepted"}


def test_what_is_stored_is_counted_once(world: World) -> None:
    with observing() as observed:
        world.send(world.payload())
        world.drain()
        world.send(world.payload())
        world.drain()
    record = world.record()
    assert record is not None
    assert observed.value("RunsArchived") == 1
    assert observed.value("FilesStored") == record["artifact_count"]
    assert observed.value("BytesStored") == record["artifact_bytes"]


def ended(ago: timedelta) -> str:
    return f"{datetime.now(UTC) - ago:%Y-%m-%d %H:%M:%S.%f}"


def test_lag_is_counted_from_the_run_s_end(world: World) -> None:
    with observing() as observed:
        world.send(payload_with(world, end_dttm=ended(timedelta(hours=3))))
        world.drain()
    assert observed.value("ArchiveLag") == pytest.approx(3 * 3600, abs=600)


def test_a_run_that_is_archived_again_has_no_lag(world: World) -> None:
    world.send(payload_with(world, end_dttm=ended(timedelta(hours=3))))
    world.drain()
    with observing() as observed:
        queue_again(world)
    assert observed.value("RunsArchived") == 1
    assert "ArchiveLag" not in {metric.name for metric in observed.metrics}


def test_a_run_of_long_ago_has_no_lag(world: World) -> None:
    with observing() as observed:
        world.send(world.payload())
        world.drain()
    assert observed.value("RunsArchived") == 1
    assert "ArchiveLag" not in {metric.name for metric in observed.metrics}
