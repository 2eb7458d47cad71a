"""Which runs a sweep takes in, decided from what the API lists and what is recorded."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.paradime.bolt import ListedRun
from functions.shared.read_json import convert
from functions.sweep.compare import GRACE, KnownRun, has_ended, is_stale, missed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def listed(run_id: int = 1, state: str = "FAILED", end: datetime | None = NOW - HOUR) -> ListedRun:
    listed = {"id": run_id, "state": state, "startDttm": f"{NOW - 2 * HOUR}"}
    return convert(listed | {"endDttm": end and f"{end}"}, ListedRun)


def known(
    *, state: str = "failed", completed: bool = True, archive_state: str | None = "archived"
) -> KnownRun:
    return KnownRun(
        schedule_name="daily_run",
        run_id=1,
        state=state,
        started_at=NOW - 2 * HOUR,
        ended_at=NOW if completed else None,
        archive_state=archive_state,
    )


def is_missed(run: ListedRun, record: KnownRun | None = None, *, archive_all: bool = False) -> bool:
    records = {} if record is None else {run.id: record}
    return missed([run], records, archive_all=archive_all, now=NOW) == [run]


@pytest.mark.parametrize("state", ["SUCCESS", "ERROR", "FAILED", "CANCELED", "SKIPPED"])
@pytest.mark.parametrize("end", [None, NOW])
def test_a_state_of_the_end_is_an_end(state: str, end: datetime | None) -> None:
    assert has_ended(listed(state=state, end=end))


@pytest.mark.parametrize("state", ["STARTING", "RUNNING"])
@pytest.mark.parametrize("end", [None, NOW])
def test_a_run_under_way_has_not_ended(state: str, end: datetime | None) -> None:
    assert not has_ended(listed(state=state, end=end))


def test_a_run_of_unknown_state_has_ended_once_it_has_an_end() -> None:
    assert has_ended(listed(state="TIMED_OUT"))
    assert not has_ended(listed(state="QUEUED", end=None))


def test_a_run_without_a_record_is_missed() -> None:
    assert is_missed(listed())


def test_a_run_of_which_only_the_start_is_recorded_is_missed() -> None:
    assert is_missed(listed(), known(state="running", completed=False, archive_state=None))


@pytest.mark.parametrize("archive_state", ["queued", "archived", "partial", "failed"])
def test_a_failed_run_that_was_queued_is_not_missed(archive_state: str) -> None:
    assert not is_missed(listed(), known(archive_state=archive_state))


@pytest.mark.parametrize("state", ["failed", "exploded"])
def test_a_failed_run_that_is_recorded_but_was_never_queued_is_missed(state: str) -> None:
    assert is_missed(listed(), known(state=state, archive_state=None))


@pytest.mark.parametrize("state", ["succeeded", "canceled", "skipped"])
def test_a_run_that_did_not_fail_need_not_be_queued(state: str) -> None:
    assert not is_missed(listed(), known(state=state, archive_state=None))


def test_with_archive_all_a_succeeded_run_that_was_never_queued_is_missed() -> None:
    assert is_missed(listed(), known(state="succeeded", archive_state=None), archive_all=True)


def test_the_webhook_has_a_while_to_come() -> None:
    assert not is_missed(listed(end=NOW - GRACE))
    assert is_missed(listed(end=NOW - GRACE - timedelta(seconds=1)))


def test_a_run_under_way_is_not_missed() -> None:
    assert not is_missed(listed(state="RUNNING", end=None))


def test_missed_runs_come_oldest_first() -> None:
    newest_first = [listed(3), listed(2), listed(1)]
    found = missed(newest_first, {}, archive_all=False, now=NOW)
    assert [run.id for run in found] == [1, 2, 3]


@pytest.mark.parametrize(
    ("completed", "hours", "stale"),
    [(False, 1, True), (False, 3, False), (True, 1, False)],
    ids=["long ago", "not long ago", "ended"],
)
def test_a_run_is_stale_when_it_started_long_ago_and_has_no_end(
    completed: bool, hours: int, stale: bool
) -> None:
    run = known(state="running", completed=completed)
    assert is_stale(run, now=NOW, after=timedelta(hours=hours)) is stale
