"""`query`, `flaky`, `slow`, `failing`, `reasons`: what is planted is found."""

import csv
import gzip
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.run.instants import to_text
from tests.integration.test_cli.conftest import BoltArchive
from tests.integration.world import World
from tests.planted_rows import (
    BROKEN,
    BROKEN_FOR_DAYS,
    DAYS,
    FLAKY,
    FLIPPING,
    NO_WAREHOUSE,
    SLOWING,
    UID,
    commit_of,
    planted,
    start_of,
)

SCHEDULES = 1
duckdb = pytest.importorskip("duckdb")


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path / "caches" / "bolt-archive"


@pytest.fixture
def stored(world: World, cache: Path) -> World:
    for run in planted(SCHEDULES):
        world.s3.put_object(Bucket=world.bucket, Key=run.key, Body=run.body)
    return world


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of what is downloaded."""
    from cli.stack.target import Target

    found: list[str] = []
    whole = Target.s3.func  # type: ignore[attr-defined]

    def counted(target: Target) -> Any:
        client = whole(target)
        fetch: Callable[..., None] = client.download_file

        def download_file(bucket: str, key: str, path: str) -> None:
            found.append(key)
            fetch(bucket, key, path)

        client.download_file = download_file
        return client

    monkeypatch.setattr(Target, "s3", property(counted))
    return found


def test_the_planted_tests_are_flaky_and_no_others(
    stored: World, bolt_archive: BoltArchive
) -> None:
    both, flipping = bolt_archive("flaky", "--since", "90d", "--json").json
    assert (both["unique_id"], both["schedule_name"]) == (FLAKY, "schedule_0")
    assert both["commits_with_both"] == 1
    assert (both["results"], both["failures"], both["flips"]) == (DAYS, 1, 2)
    assert (flipping["unique_id"], flipping["commits_with_both"]) == (FLIPPING, 0)
    assert (flipping["failures"], flipping["flips"]) == (15, 6)


def test_the_planted_model_got_slower_and_no_other(
    stored: World, bolt_archive: BoltArchive
) -> None:
    [slower] = bolt_archive("slow", "--since", "90d", "--json").json
    assert slower["unique_id"] == SLOWING
    assert (slower["last_seconds"], slower["last_results"]) == (25.0, 7)
    assert (slower["before_seconds"], slower["before_results"]) == (10.0, 28)


def test_the_planted_regression_fails_since_its_first_run(
    stored: World, bolt_archive: BoltArchive
) -> None:
    [failing] = bolt_archive("failing", "--since", "90d", "--json").json
    first = DAYS - BROKEN_FOR_DAYS
    now = datetime.now(UTC)
    assert (failing["unique_id"], failing["runs"]) == (BROKEN, BROKEN_FOR_DAYS)
    assert failing["failing_since"] == to_text(start_of(first, now))
    assert failing["since_commit"] == commit_of(first)
    assert failing["last_success_at"] == to_text(start_of(first - 1, now))
    assert failing["reason"] == NO_WAREHOUSE


def test_reasons_are_counted(stored: World, bolt_archive: BoltArchive) -> None:
    [reason] = bolt_archive("reasons", "--since", "90d", "--json").json
    assert (reason["reason"], reason["failures"]) == (NO_WAREHOUSE, BROKEN_FOR_DAYS)
    assert (reason["nodes"], reason["runs"]) == (1, BROKEN_FOR_DAYS)


def test_a_query_is_answered(stored: World, bolt_archive: BoltArchive) -> None:
    query = "select schedule_name, sum(seconds) / 60 as minutes from runs group by 1 order by 1"
    assert bolt_archive("query", query, "--since", "90d", "--json").json == [
        {"schedule_name": f"schedule_{number}", "minutes": 2.0 * DAYS}
        for number in range(SCHEDULES)
    ]


def test_for_people_there_is_a_table(stored: World, bolt_archive: BoltArchive) -> None:
    lines = bolt_archive("failing", "--since", "90d").out.splitlines()
    assert BROKEN in lines[-1]
    assert lines[-1].endswith(UID)


def test_only_runs_since_then_count(stored: World, bolt_archive: BoltArchive) -> None:
    since = f"{start_of(DAYS - 10, datetime.now(UTC)):%Y-%m-%d}"
    [found] = bolt_archive(
        "query", "select count(*) as runs from runs", "--since", since, "--json"
    ).json
    assert found["runs"] == 10 * SCHEDULES


def test_a_month_is_what_is_asked_by_default(stored: World, bolt_archive: BoltArchive) -> None:
    [found] = bolt_archive("query", "select min(day) as first from runs", "--json").json
    assert found["first"] >= f"{start_of(DAYS - 31, datetime.now(UTC)):%Y-%m-%d}"


@pytest.mark.parametrize("command", ["flaky", "slow", "failing", "reasons"])
def test_nothing_found_ends_with_1_for_people_and_is_an_empty_list_for_programs(
    world: World, cache: Path, bolt_archive: BoltArchive, command: str
) -> None:
    ended = bolt_archive(command)
    assert ended.status == 1
    assert "(0 runs)" in ended.out
    assert "bolt-archive replay" in ended.err
    assert (bolt_archive(command, "--json").json, ended.status) == ([], 1)


def test_days_are_fetched_once(
    stored: World, bolt_archive: BoltArchive, downloads: list[str]
) -> None:
    bolt_archive("slow", "--since", "90d")
    assert len(downloads) == DAYS * SCHEDULES
    bolt_archive("flaky", "--since", "90d")
    assert len(downloads) == DAYS * SCHEDULES


def test_a_day_that_has_changed_is_fetched_again_and_no_other(
    stored: World, bolt_archive: BoltArchive, downloads: list[str], cache: Path
) -> None:
    bolt_archive("slow", "--since", "90d")
    del downloads[:]
    *_, last = planted(SCHEDULES)
    stored.s3.put_object(Bucket=stored.bucket, Key=last.key, Body=gzip.compress(b""))
    [found] = bolt_archive(
        "query", "select count(*) as runs from runs", "--since", "90d", "--json"
    ).json
    assert found["runs"] == DAYS * SCHEDULES - 1
    assert {key.partition("day=")[2][:10] for key in downloads} == {
        last.key.partition("day=")[2][:10]
    }
    assert len(list(cache.rglob("*.parquet"))) == DAYS


def test_an_object_that_holds_no_rows_is_named(stored: World, bolt_archive: BoltArchive) -> None:
    *_, last = planted(1)
    stored.s3.put_object(Bucket=stored.bucket, Key=last.key, Body=b"not gzip")
    ended = bolt_archive("slow")
    assert ended.status == 1
    assert f"{datetime.now(UTC):%Y-%m-%d}" in ended.err
    assert "bolt-archive replay" in ended.err


def test_the_cache_is_for_its_owner_alone(
    stored: World, bolt_archive: BoltArchive, cache: Path
) -> None:
    bolt_archive("slow")
    assert (cache / stored.bucket).stat().st_mode & 0o077 == 0


def test_rows_of_another_version_with_more_columns_are_read(
    stored: World, bolt_archive: BoltArchive
) -> None:
    *_, last = planted(1)
    lines = gzip.decompress(last.body).splitlines()
    more = [json.dumps(json.loads(line) | {"colour": "red"}).encode() for line in lines]
    stored.s3.put_object(Bucket=stored.bucket, Key=last.key, Body=gzip.compress(b"\n".join(more)))
    [found] = bolt_archive(
        "query", "select count(*) as runs from runs", "--since", "90d", "--json"
    ).json
    assert found["runs"] == DAYS * SCHEDULES


def test_csv_and_parquet_have_the_same_rows(
    stored: World, bolt_archive: BoltArchive, tmp_path: Path
) -> None:
    for name in ("slow.csv", "slow.parquet"):
        assert bolt_archive("slow", "--since", "90d", "--output", name).status == 0
    with (tmp_path / "slow.csv").open(newline="") as lines:
        [row] = csv.DictReader(lines)
    assert row["unique_id"] == SLOWING
    [found] = duckdb.read_parquet(str(tmp_path / "slow.parquet")).fetchall()
    assert found[0] == SLOWING


@pytest.mark.parametrize("name", ["slow.xlsx", "nowhere/slow.csv"])
def test_a_file_that_cannot_be_written_is_wrong_use(
    world: World, bolt_archive: BoltArchive, name: str
) -> None:
    assert bolt_archive("slow", "--output", name).status == 2


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select colour from runs", "colour"),
        ("selec 1", "syntax error"),
        ("create table t (i int)", "begin with select"),
    ],
)
def test_a_query_that_is_refused_says_why(
    stored: World, bolt_archive: BoltArchive, sql: str, said: str
) -> None:
    ended = bolt_archive("query", sql)
    assert ended.status == 1
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_without_duckdb_the_error_says_how_to_get_it(
    stored: World, bolt_archive: BoltArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    ended = bolt_archive("slow")
    assert ended.status == 1
    assert "pipx inject paradime-run-archive duckdb" in ended.err


def test_escapes_in_a_reason_are_shown_not_obeyed(stored: World, bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("query", "select 'a' || chr(27) || '[31m' as reason from runs limit 1")
    assert "\x1b" not in ended.out
    assert r"\x1b[31m" in ended.out
