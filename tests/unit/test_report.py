"""The page of a run, as HTML; `tests/browser` opens it."""

import json
import random
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from functions.history.state import Acknowledgment, EndedRun
from functions.history.telling import History
from functions.report.report import Report, render
from functions.run.inventory import Contents, MissingFile
from functions.run.keys import run_prefix
from tests.archives import (
    Archive,
    archive_from,
    archive_of,
    archive_of_case,
    graph,
    large_archive,
    payload,
    results,
)
from tests.hostile import hostile_archive

MAX_BYTES = 2_000_000


class Document(HTMLParser):
    """The elements of a page with their attributes, and its text with blanks run together."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.style = ""
        self._words: list[str] = []
        self._in_style = False
        self.feed(page.decode())
        self.text = " ".join("".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in_style = tag == "style"
        if tag not in {"span", "b", "code", "a"}:
            self._words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.style += data
        else:
            self._words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def text_of(archive: Archive) -> str:
    return Document(archive.page()).text


class TestTop:
    def test_it_says_which_command_failed_and_what_in_it(self) -> None:
        said = (
            "Run 63187 in demo-jaffle daily_run failed Command 4 of 4, dbt run, returned 1: "
            "1 model failed, 1 node was skipped. customer_lifetime_value model Binder Error: "
            'Table "orders" does not have a column named "amount_usd"'
        )
        assert said in text_of(archive_of(63187))

    @pytest.mark.parametrize(
        "fact",
        [
            "Started by Manual, fabio@paradime.io",
            "Started 2023-10-15 16:44:01 UTC",
            "Ended 16:44:39 UTC, after 38 s",
            "Branch main",
            "Commit 54a134583ef6dccbe154e30e1cd09a9d94b6bda0",
            "Workspace demo-jaffle n0sg8br1m44k0ryj",
            "Owner fabio@paradime.io",
            "Environment production",
        ],
    )
    def test_it_has_the_facts_of_the_run(self, fact: str) -> None:
        assert fact in text_of(archive_of(63187))

    def test_the_end_of_a_run_over_midnight_has_its_date(self) -> None:
        text = text_of(
            archive_from(
                payload(
                    start_dttm="2023-10-15 23:59:00.000000", end_dttm="2023-10-16 00:01:00.000000"
                )
            )
        )
        assert "Ended 2023-10-16 00:01:00 UTC, after 2 min" in text

    def test_it_says_what_the_run_was_for(self) -> None:
        text = text_of(
            archive_from(
                payload(
                    environment={"pull_request_id": "12"},
                    parent_schedule_run_id=123,
                    schedule={"turbo_ci": {"enabled": True, "deferred_schedule_name": "nightly"}},
                )
            )
        )
        assert "Kind Turbo CI run, pull request 12, retry of run 123" in text
        assert "Deferred to schedule nightly" in text

    def test_of_a_run_of_no_special_kind_it_says_nothing(self) -> None:
        text = text_of(archive_of(63187))
        assert "Kind" not in text
        assert "Deferred to" not in text

    def test_it_counts_tests_warnings_and_skipped_nodes(self) -> None:
        said = "returned 1: 2 tests failed, 9 nodes were skipped, 1 warning."
        assert said in text_of(archive_of(63188))

    def test_it_says_what_paradime_says(self) -> None:
        assert "Paradime says: git clone exited with 128: Remote" in text_of(archive_of(63190))

    def test_of_many_failed_commands_it_names_the_first(self) -> None:
        said = "12 of 12 commands failed, the first of them dbt build --select tag:team_000"
        assert said in text_of(large_archive(commands=12, failing=12))

    def test_a_run_that_succeeded_says_so(self) -> None:
        text = text_of(archive_of(63189))
        assert "daily_run succeeded 4 commands ran and none failed." in text
        assert "What failed" not in text

    def test_a_run_of_which_nothing_is_known_has_a_page(self) -> None:
        archive = archive_from(payload(commands=None, run_url=None, workspace={"uid": "uid7"}))
        assert "Run 7 in uid7 nightly failed No command was run." in text_of(archive)

    def test_an_archive_that_was_given_up_says_why(self) -> None:
        archive = archive_of(63187)
        page = render(
            Report(
                event=archive.event,
                prefix=run_prefix(archive.event),
                failed=archive.what_failed(),
                logs={},
                held=Contents(error="3 files could not be fetched"),
                history=History(),
                own={},
            )
        )
        assert "This archive was given up: 3 files could not be fetched" in Document(page).text


class TestTimeline:
    def test_bars_are_drawn_to_scale(self) -> None:
        archive = archive_from(
            payload(
                start_dttm="2024-05-01 02:00:00",
                end_dttm="2024-05-01 02:10:00",
                commands=[
                    timed(1, "02:01:00", "02:02:00"),
                    timed(2, "02:02:00", "02:09:30"),
                    timed(3, "02:09:30", "02:09:30"),
                ],
            )
        )
        bars = [rect for rect in Document(archive.page()).all("rect") if rect["class"] == "run"]
        assert [(bar["x"], bar["width"]) for bar in bars] == [
            ("100", "100"),
            ("200", "750"),
            ("950", "3"),
        ]

    def test_a_command_without_times_has_no_bar(self) -> None:
        archive = archive_from(payload(commands=[{"id": 1, "command": "dbt run"}]))
        assert [rect["class"] for rect in Document(archive.page()).all("rect")] == ["track"]

    def test_of_many_commands_one_line_shows_all(self) -> None:
        rects = Document(large_archive(failing=200).page()).all("rect")
        assert len([rect for rect in rects if rect["class"] == "broken"]) == 200


class TestParts:
    def test_a_failing_node_has_its_message_and_its_sql(self) -> None:
        text = text_of(archive_of(63187))
        assert "error customer_lifetime_value model of jaffle · models/marts/customer_li" in text
        assert 'Candidate bindings: : "amount"' in text
        assert "Compiled SQL select" in text
        assert "1 node skipped because of it" in text

    def test_the_sql_around_the_place_that_the_database_points_at_is_shown(self) -> None:
        code = "\n".join(f"select {at}" for at in range(1, 31))
        archive = of_node(
            unique_id="model.demo.a", message="no\nLINE 40: select 20\n   ^", compiled_code=code
        )
        assert "SQL around line 20 15 select 15" in text_of(archive)
        assert '<b class="bad">   20 select 20</b>' in archive.page().decode()

    def test_of_sql_that_is_cut_the_rest_is_linked(self) -> None:
        archive = of_node(unique_id="model.demo.a", compiled_code="select 1\n" * 5_000)
        assert "This is its beginning; all of it is in the results." in text_of(archive)
        links = {link["href"] for link in Document(archive.page()).all("a")}
        assert "./01-dbt-build-70/target/run_results.json" in links

    def test_the_table_in_which_a_test_stored_its_rows_is_to_be_queried(self) -> None:
        stored = '"db"."audit"."not_null_id"'
        query = " ".join(["select * from", stored])
        archive = of_node(unique_id="test.demo.t", status="fail", relation_name=stored)
        assert f"Query this to see the rows: {query}" in text_of(archive)

    def test_that_table_may_stand_in_the_manifest_alone(self) -> None:
        archive = of_node(unique_id="test.demo.t", status="fail")
        node = {"test.demo.t": {"relation_name": "audit.t"}}
        archive.put(70, "target/manifest.json", graph({}, **node))
        assert "select * from audit.t" in text_of(archive)

    def test_of_a_model_no_table_is_to_be_queried(self) -> None:
        archive = of_node(unique_id="model.demo.a", relation_name='"db"."a"')
        assert "Query this" not in text_of(archive)

    def test_failed_batches_are_named(self) -> None:
        days = [f"2024-05-{day:02}T00:00:00+00:00" for day in range(1, 9)]
        failed = list(pairwise(days))
        archive = of_node(
            unique_id="model.demo.a", status="partial success", batch_results={"failed": failed}
        )
        assert "7 batches failed: 2024-05-01 to 2024-05-02, 2024-05-02 to" in text_of(archive)
        assert "2024-05-05 to 2024-05-06 and 2 more" in text_of(archive)

    def test_a_hook_is_called_one_and_has_no_failing_rows(self) -> None:
        archive = of_node(unique_id="operation.demo.demo-on-run-end-0", failures=1)
        text = text_of(archive)
        assert "1 hook failed." in text
        assert "failing row" not in text

    def test_what_a_unit_test_expected_and_got_is_a_table(self) -> None:
        archive = of_node(
            unique_id="unit_test.demo.orders.counts",
            status="fail",
            message="actual differs from expected:\n\n@@,id,n\n→,1,3→2\n",
        )
        page = archive.page().decode()
        assert "<tr><th></th><th>id</th><th>n</th></tr>" in page
        assert "<tr><th>changed</th><td>1</td><td>3→2</td></tr>" in page

    def test_what_is_of_one_cause_is_told_at_once(self) -> None:
        archive = archive_from(payload())
        nodes = ({"unique_id": f"model.demo.m{at}", "message": "no disk"} for at in range(12))
        archive.put(70, "target/run_results.json", results(*nodes))
        assert "12 models no disk m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, 2 more" in text_of(
            archive
        )

    def test_skipped_nodes_stand_under_what_caused_them(self) -> None:
        said = (
            "9 nodes because of assert_payments_are_positive and accepted_values_stg_payments_"
            "method__credit_card__bank_transfer__coupon__gift_card"
        )
        assert said in text_of(archive_of(63188))

    def test_an_unknown_cause_says_why_it_is_unknown(self) -> None:
        archive = archive_from(payload())
        archive.put(70, "run_results.json", results({"unique_id": "a", "status": "skipped"}))
        said = "1 node of unknown cause: there is no manifest.json beside the results"
        assert said in text_of(archive)

    def test_of_many_causes_the_first_are_named(self) -> None:
        failing = [f"model.demo.m{at}" for at in range(9)]
        archive = archive_from(payload())
        nodes = [{"unique_id": node} for node in failing]
        archive.put(
            70,
            "target/run_results.json",
            results(*nodes, {"unique_id": "model.demo.s", "status": "skipped"}),
        )
        archive.put(70, "target/manifest.json", graph({"model.demo.s": failing}))
        assert "1 node because of m0, m1, m2, m3, m4 and 4 more" in text_of(archive)

    def test_the_end_of_a_failed_commands_log_keeps_its_colours(self) -> None:
        page = archive_of(63187).page()
        assert b'[<span class="c1">ERROR</span> in 0.02s]' in page

    def test_of_a_long_log_the_last_200_lines_are_shown(self) -> None:
        archive = archive_from(payload())
        archive.put(70, "stdout.log", b"".join(b"line %d\n" % at for at in range(1_000)))
        text = text_of(archive)
        assert "The last 200 lines of stdout.log 160 lines before line 800 line 801" in text
        assert "line 799 " not in text

    def test_what_is_missing_or_unread_is_listed_with_the_reason(self) -> None:
        archive = archive_of(63187)
        gone = archive.files.pop()
        archive.missing.append(MissingFile(gone.planned, "larger than 5 bytes (maxArtifactMiB)"))
        archive.put(193442, "target/run_results.json", b"{")
        text = text_of(archive)
        assert "1 file missing and 1 file unread" in text
        assert "larger than 5 bytes (maxArtifactMiB)" in text
        assert "archived, but not read: it is not JSON" in text

    def test_every_file_has_its_size_its_key_and_a_link(self) -> None:
        archive = archive_of(63187)
        document = Document(archive.page())
        prefix = run_prefix(archive.event)
        links = {link["href"] for link in document.all("a")}
        for file in archive.files:
            assert f"{file.planned.key} " in document.text
            assert f"./{file.planned.key.removeprefix(prefix)}" in links
        assert "target/manifest.json 562.5 KB" in document.text


class TestNothingGetsOut:
    """No element, attribute or address of a page comes from outside."""

    TAGS = frozenset(
        re.findall(
            r"\w+",
            """html head meta title link style body header main footer nav section article
            h1 h2 h3 p span b code pre ul ol li dl div dt dd a svg rect details summary time
            table tr th td""",
        )
    )
    ATTRIBUTES = frozenset(
        re.findall(
            r"[\w-]+",
            """lang charset http-equiv content name rel href class id aria-label aria-labelledby
            aria-hidden viewbox preserveaspectratio x width height""",
        )
    )

    def test_hostile_text_adds_no_element_and_no_attribute(self) -> None:
        document = Document(hostile_archive().page())
        assert {tag for tag, _ in document.elements} <= self.TAGS
        assert {name for _, attrs in document.elements for name in attrs} <= self.ATTRIBUTES

    def test_hostile_text_adds_no_address(self) -> None:
        document = Document(hostile_archive().page())
        addresses = [attrs["href"] or "" for _, attrs in document.elements if "href" in attrs]
        assert all(re.match(r"#[a-z]|\./[\w~]|data:,$", address) for address in addresses)

    def test_hostile_text_is_shown(self) -> None:
        assert "<script>window.ran = true</script>" in text_of(hostile_archive())
        assert "{{ 7 * 7 }}" in text_of(hostile_archive())

    def test_characters_that_reorder_text_or_are_not_seen_are_left_out(self) -> None:
        page = hostile_archive().page().decode()
        assert not re.findall("[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", page)

    @pytest.mark.parametrize(
        ("address", "linked"),
        [
            ("https://app.paradime.io/bolt/run_id/7", True),
            ("http://app.paradime.io/bolt/run_id/7", False),
            ("javascript:alert(1)", False),
            ("data:text/html,hello", False),
            ("//app.paradime.io/", False),
            ("https://app.paradime.io/ onclick=x", False),
            (None, False),
        ],
    )
    def test_only_an_https_address_becomes_a_link(self, address: str | None, linked: bool) -> None:
        document = Document(archive_from(payload(run_url=address)).page())
        out = [link["href"] for link in document.all("a") if link.get("rel")]
        assert out == ([address] if linked else [])

    def test_the_policy_lets_nothing_through_but_the_pages_own_style(self) -> None:
        document = Document(archive_of(63187).page())
        [policy] = [
            meta["content"]
            for meta in document.all("meta")
            if meta.get("http-equiv") == "Content-Security-Policy"
        ]
        digest = b64encode(sha256(document.style.encode()).digest()).decode()
        assert policy == (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        )


class TestBounds:
    def test_200_commands_and_5000_failing_nodes_fit_and_all_are_named(self) -> None:
        archive = large_archive()
        page = archive.page()
        text = page.decode()
        assert len(page) < MAX_BYTES
        named = set(re.findall(r"fct_orders_of_team_\d{3}_by_region_\d{3}", text))
        assert len(named) == 5_000
        assert len(set(re.findall(r"tag:team_\d{3}", text))) == 200

    def test_what_does_not_fit_is_counted(self) -> None:
        archive = archive_from(payload())
        nodes = ({"unique_id": f"model.demo.{'n' * 150}{at}"} for at in range(9_000))
        archive.put(70, "target/run_results.json", results(*nodes))
        page = archive.page()
        shown = len(set(re.findall(r"n{150}(\d+)", page.decode())))
        assert len(page) < MAX_BYTES
        assert f"and {9_000 - shown:,} others, all of which are in" in Document(page).text

    def test_no_text_from_outside_makes_it_larger(self) -> None:
        assert len(overlong_archive().page()) < MAX_BYTES


class TestSameBytes:
    def test_archiving_again_gives_the_same_page(self) -> None:
        assert archive_of(63188).page() == archive_of(63188).page()

    def test_the_order_in_which_files_came_does_not_show(self) -> None:
        archive = archive_of(63188)
        page = archive.page()
        random.Random(7).shuffle(archive.files)  # noqa: S311
        assert archive.page() == page


def of_node(**node: Any) -> Archive:
    archive = archive_from(payload())
    archive.put(70, "target/run_results.json", results(node))
    return archive


def timed(command_id: int, start: str, end: str) -> dict[str, Any]:
    return {
        "id": command_id,
        "command": "dbt run",
        "status": "succeeded",
        "start_dttm": f"2024-05-01 {start}",
        "end_dttm": f"2024-05-01 {end}",
    }


def overlong_archive() -> Archive:
    """Every text is as long as it may be, and grows sixfold when it is escaped."""
    long = '"' * 5_000
    commands: list[dict[str, Any]] = [
        {"id": at, "command": long, "status": long, "return_code": 1} for at in range(1, 401)
    ]
    archive = archive_from(
        payload(
            schedule_name=long,
            workspace={"name": long, "uid": "uid7"},
            error_string=long,
            environment=dict.fromkeys(
                ["actor", "branch", "commit_hash", "email", "pull_request_id"], long
            ),
            schedule={
                "owner_email": long,
                "environment": long,
                "deferred_schedule": {"enabled": True, "defer_environment_slug": long},
            },
            commands=commands,
        )
    )
    nodes = [f"model.demo.{long}{at}" for at in range(400)]
    for command in commands[:100]:
        archive.put(command["id"], "stderr.log", b"\x1b[31m\x1b[1m'\n" * 20_000)
        archive.put(
            command["id"],
            "run_results.json",
            results(
                *(
                    {"unique_id": node, "message": long, "compiled_code": long}
                    for node in nodes[:4]
                ),
                *({"unique_id": f"test.{node}", "status": "warn"} for node in nodes[:9]),
                *({"unique_id": f"{node}.s", "status": "skipped"} for node in nodes),
                version=command["id"],
            ),
        )
        archive.put(command["id"], "manifest.json", json.dumps({"nodes": 7}).encode())
        for at in range(20):
            archive.put(command["id"], f"{at}{'x' * 500}", b"")
    for at, file in enumerate(archive.files[-300:]):
        archive.missing.append(MissingFile(file.planned, f"{at}{long}"))
    return archive


class TestOwnersAndExposures:
    PAGE = archive_of_case("dbt110-owned").page().decode()

    def test_what_is_stale_stands_above_the_fold_with_its_link_and_owner(self) -> None:
        head = self.PAGE.partition("<main>")[0]
        assert "2 exposures are stale:" in head
        assert (
            '<a href="https://bi.example.com/revenue" rel="noreferrer noopener">Revenue</a>' in head
        )
        assert "(high, ann@example.com)" in head
        assert "unaffected" not in head

    def test_owners_stand_among_the_facts_and_beside_what_failed(self) -> None:
        head, _, rest = self.PAGE.partition("<main>")
        assert "@ingest, finance@example.com" in head
        assert "owner: finance@example.com" in rest
        assert "tags: nightly, pii" in rest

    def test_skipped_models_are_counted_by_folder(self) -> None:
        assert "3 models were skipped: 2 in marts and 1 in models" in self.PAGE


class TestHistory:
    def test_the_page_says_since_when_it_fails_and_who_knows(self) -> None:
        archive = archive_of_case("dbt110-owned")
        since = datetime(2024, 4, 29, 2, tzinfo=UTC)
        archive.history = History(
            failing_since=since,
            failed_in_a_row=3,
            last_success=EndedRun(4, "2024-04-28T02:05:00.000000Z", "54a1345"),
            acknowledged=Acknowledgment(since + timedelta(days=9), "<b>on it"),
        )
        head = archive.page().decode().partition("<main>")[0]
        assert "Failing since 2024-04-29 02:00:00 UTC: 3 runs in a row." in head
        assert "Last succeeded: run 4, 2024-04-28 02:05:00 UTC, commit 54a1345." in head
        assert "Acknowledged until 2024-05-08 02:00:00 UTC: &lt;b&gt;on it" in head

    def test_a_first_failure_does_not_fail_since_long(self) -> None:
        archive = archive_of_case("dbt110-owned")
        archive.history = History(failing_since=datetime(2024, 5, 1, tzinfo=UTC), failed_in_a_row=1)
        assert "Failing since" not in archive.page().decode()


def test_the_page_says_what_to_do_next() -> None:
    head = archive_of(63187).page().decode().partition("<main>")[0]
    assert "<code>paradime bolt retry 63187</code>" in head
    assert "paradime bolt retry" not in archive_of(63189).page().decode()
