"""What failed in a run, from its archived results."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from functions.findings.document import document
from functions.findings.finding import Finding, WhatFailed
from functions.run.inventory import StoredObject
from tests.archives import Archive, archive_from, archive_of, graph, payload, results

MODEL = "model.demo.orders"


def build(*nodes: dict[str, Any], manifest: bytes | None = None, version: int = 6) -> Archive:
    """A run whose only command left these results, and this manifest."""
    archive = archive_from(payload())
    archive.put(70, "target/run_results.json", results(*nodes, version=version))
    if manifest is not None:
        archive.put(70, "target/manifest.json", manifest)
    return archive


def found(archive: Archive) -> list[tuple[str, str]]:
    failed = archive.what_failed()
    return [(f.unique_id, f.status) for f in (*failed.failures, *failed.warnings)]


class TestSampleRuns:
    def test_a_failing_model_comes_with_its_message_place_time_and_sql(self) -> None:
        [finding] = archive_of(63187).what_failed().failures
        assert finding.unique_id == "model.jaffle.customer_lifetime_value"
        assert finding.status == "error"
        assert 'does not have a column named "amount_usd"' in (finding.message or "")
        assert finding.path == "models/marts/customer_lifetime_value.sql"
        assert finding.execution_time is not None
        assert (finding.compiled_code or "").startswith("select")
        assert finding.command_id == 193442

    def test_failing_tests_and_warnings_come_with_the_rows_that_they_counted(self) -> None:
        failed = archive_of(63188).what_failed()
        assert {(f.unique_id.split(".")[2], f.failures) for f in failed.failures} == {
            ("assert_payments_are_positive", 1),
            (
                "accepted_values_stg_payments_method__credit_card__bank_transfer__"
                "coupon__gift_card",
                1,
            ),
        }
        assert [(f.unique_id.split(".")[2], f.status, f.failures) for f in failed.warnings] == [
            ("not_null_stg_customers_email", "warn", 2)
        ]

    def test_skipped_nodes_are_counted_under_the_tests_that_failed_upstream(self) -> None:
        failed = archive_of(63188).what_failed()
        [group] = failed.skipped
        assert set(group.causes) == {finding.unique_id for finding in failed.failures}
        assert len(group.unique_ids) == 9
        assert "model.jaffle.customer_segments" in group.unique_ids

    def test_a_failed_clone_is_told_by_its_log(self) -> None:
        assert archive_of(63190).what_failed().failures == (
            Finding(
                unique_id="command 1",
                status="failed",
                message="fatal: Remote branch feature/segments-v2 not found in upstream origin",
                reason="fatal: Remote branch feature/segments-v2 not found in upstream origin",
                command_id=193471,
            ),
        )

    def test_nothing_failed_in_a_run_that_succeeded(self) -> None:
        failed = archive_of(63189).what_failed()
        assert (failed.failures, failed.skipped, failed.unread) == ((), (), ())


class TestSchemaVersions:
    def test_v0_says_it_by_members_of_their_own(self) -> None:
        of_v0 = [
            {"node": {"unique_id": "model.demo.a", "compiled_sql": "select 1"}, "error": "broke"},
            {"node": {"unique_id": "test.demo.b"}, "status": 3, "fail": True},
            {"node": {"unique_id": "test.demo.c"}, "status": 2, "warn": True},
            {"node": {"unique_id": "model.demo.d"}, "skip": True},
            {"node": {"unique_id": "model.demo.e"}, "status": "CREATE VIEW", "error": None},
        ]
        archive = archive_from(payload())
        archive.put(70, "target/run_results.json", json.dumps({"results": of_v0}).encode())
        failed = archive.what_failed()
        assert [(f.unique_id, f.status, f.failures) for f in failed.failures] == [
            ("model.demo.a", "error", None),
            ("test.demo.b", "fail", 3),
        ]
        assert [(f.unique_id, f.failures) for f in failed.warnings] == [("test.demo.c", 2)]
        assert [group.unique_ids for group in failed.skipped] == [("model.demo.d",)]
        assert failed.failures[0].compiled_code == "select 1"

    def test_v1_may_say_a_number_in_place_of_a_message(self) -> None:
        archive = build({"unique_id": MODEL, "message": 12, "status": "fail"}, version=1)
        [finding] = archive.what_failed().failures
        assert finding.message == "12"

    @pytest.mark.parametrize("version", [2, 3, 4])
    @pytest.mark.parametrize("member", ["compiled_sql", "compiled_code"])
    def test_before_v5_the_sql_is_in_the_manifest(self, version: int, member: str) -> None:
        manifest = graph({}, **{MODEL: {member: "\n\n  \nselect 1\n", "depends_on": {}}})
        archive = build({"unique_id": MODEL, "failures": 1}, manifest=manifest, version=version)
        [finding] = archive.what_failed().failures
        assert finding.compiled_code == "select 1"

    @pytest.mark.parametrize("version", [5, 6])
    def test_from_v5_on_the_sql_is_in_the_results(self, version: int) -> None:
        archive = build({"unique_id": MODEL, "compiled_code": "select 2"}, version=version)
        [finding] = archive.what_failed().failures
        assert finding.compiled_code == "select 2"

    def test_a_microbatch_model_that_succeeded_in_part_has_failed(self) -> None:
        archive = build({"unique_id": MODEL, "status": "partial success", "batch_results": {}})
        assert found(archive) == [(MODEL, "partial success")]

    def test_a_version_to_come_is_read_as_far_as_it_is_alike(self) -> None:
        archive = build(
            {
                "unique_id": MODEL,
                "message": {"text": "now an object"},
                "failures": "many",
                "execution_time": [],
                "new": {"member": 1},
            },
            {"unique_id": "model.demo.fine", "status": "reused"},
            version=17,
        )
        [finding] = archive.what_failed().failures
        assert replace(finding, found_in=None) == Finding(
            unique_id=MODEL, status="error", message=None, command_id=70, took_down=0
        )


class TestUnread:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"{", "not JSON"),
            (b"", "not JSON"),
            (b"[]", "object"),
            (b'{"results": {}}', "results"),
            (b"\xff\xfe", "not JSON"),
            (b'{"results": null}', "results"),
            (b'{"results": [' + b"0," * 1_000 + b"0]}", "more than 1,000 of its results"),
            (b'{"results": [' + b"[" * 20 + b"]" * 20 + b"]}", "nested over 16 deep"),
        ],
        ids=["cut off", "empty", "a list", "no list", "no UTF-8", "null", "bad rows", "nested"],
    )
    def test_broken_results_are_reported_with_the_reason(self, body: bytes, said: str) -> None:
        archive = archive_from(payload())
        archive.put(70, "target/run_results.json", body)
        [unread] = archive.what_failed().unread
        assert unread.key.endswith("/target/run_results.json")
        assert said in unread.reason

    def test_results_over_64_mib_are_reported_and_not_even_loaded(self) -> None:
        archive = build({"unique_id": MODEL})
        file = archive.files[-1]
        archive.files[-1] = replace(file, stored=StoredObject(64 * 1024**2 + 1, "00"))
        [unread] = archive.what_failed().unread
        assert unread.reason == "it has 67,108,865 bytes; up to 67,108,864 are read"
        assert file.planned.key not in archive.reads

    def test_the_log_tells_in_the_place_of_results_that_are_broken(self) -> None:
        archive = archive_from(payload())
        archive.put(70, "target/run_results.json", b"{")
        archive.put(70, "stdout.log", b"Encountered an error:\nCompilation Error\n  no such ref\n")
        [finding] = archive.what_failed().failures
        assert (finding.unique_id, finding.message) == (
            "command 1",
            "Encountered an error:\nCompilation Error\n  no such ref",
        )

    def test_a_broken_manifest_costs_the_causes_only(self) -> None:
        archive = build(
            {"unique_id": MODEL}, {"unique_id": "model.demo.b", "status": "skipped"}, manifest=b"{"
        )
        failed = archive.what_failed()
        assert [finding.unique_id for finding in failed.failures] == [MODEL]
        [group] = failed.skipped
        assert (group.causes, group.unknown) == ((), "manifest.json could not be read")
        assert [unread.key.rpartition("/")[2] for unread in failed.unread] == ["manifest.json"]

    def test_without_a_manifest_the_cause_is_unknown(self) -> None:
        archive = build({"unique_id": MODEL}, {"unique_id": "model.demo.b", "status": "skipped"})
        [group] = archive.what_failed().skipped
        assert group.unknown == "there is no manifest.json beside the results"


class TestUnreadRows:
    def found(self, *rows: bytes) -> WhatFailed:
        """What failed, if `results` holds a good row, these, and another good one."""
        first, last = (
            b'{"unique_id": "a", "status": "fail"}',
            b'{"unique_id": "z", "status": "fail"}',
        )
        archive = archive_from(payload())
        body = b'{"results": [' + b",\n".join([first, *rows, last]) + b"]}"
        archive.put(70, "target/run_results.json", body)
        return archive.what_failed()

    @pytest.mark.parametrize(
        "row",
        [
            *(b"7", b"null", b'"text, ] and more"', b"[]", b"[[{}]]", b"true", b"{}", b"1e999"),
            *(
                b'{"unique_id": "b"}',
                b'{"status": "error"}',
                b'{"unique_id": 7, "status": "error"}',
            ),
            b'{"unique_id": "b", "status": null}',
            b'{"unique_id": "\xff", "status": "error"}',
            b'{"unique_id": NaN, "status": "error"}',
            b'{"node": {"unique_id": 7}, "error": "of v0"}',
        ],
    )
    def test_a_row_that_cannot_be_read_costs_itself_and_is_counted(self, row: bytes) -> None:
        failed = self.found(row, b'{"unique_id": "m", "status": "error"}', row)
        assert [f.unique_id for f in failed.failures] == ["m", "a", "z"]
        assert failed.unread == ()
        [partly] = failed.partly_read
        assert partly.key.endswith("/target/run_results.json")
        assert (partly.unread_rows, bool(partly.reason)) == (2, True)

    @pytest.mark.parametrize(
        "members",
        [
            *(b'"execution_time": NaN', b'"execution_time": -Infinity', b'"execution_time": 1e999'),
            *(b'"failures": 1' + b"0" * 5000, b'"failures": [Infinity]', b'"failures": 1.5'),
            *(b'"message": {"a": [NaN]}', b'"message": "\xff"', b'"compiled_code": 7'),
            b'"adapter_response": {"bytes": NaN, "a": [1e999, "\xff", {"b": "]}"}]}',
            b'"unique_id": "m"',
        ],
    )
    def test_what_only_describes_costs_no_more_than_itself(self, members: bytes) -> None:
        failed = self.found(b'{"unique_id": "m", "status": "error", %b}' % members)
        assert (failed.unread, failed.partly_read) == ((), ())
        [finding] = [finding for finding in failed.failures if finding.unique_id == "m"]
        assert replace(finding, found_in=None) == Finding(
            unique_id="m", status="error", message=None, command_id=70, took_down=0
        )

    def test_up_to_a_thousand_are_left_out_and_beyond_that_the_file_is(self) -> None:
        [partly] = self.found(*[b"0"] * 1_000).partly_read
        assert (partly.reason, partly.unread_rows) == ("expected an object, got an integer", 1_000)
        failed = self.found(*[b"0"] * 1_001)
        [unread] = failed.unread
        assert unread.reason == (
            "more than 1,000 of its results cannot be read; "
            "the first: expected an object, got an integer"
        )
        assert [finding.unique_id for finding in failed.failures] == ["command 1"]

    @pytest.mark.parametrize(
        "body",
        [
            '{"results": []}'.encode("utf-16-le"),
            b'{"results": [], "x": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
            b'{"results": []} {}',
        ],
        ids=["UTF-16 without a mark", "nested", "two values"],
    )
    def test_a_file_that_is_not_json_is_unread(self, body: bytes) -> None:
        archive = archive_from(payload())
        archive.put(70, "target/run_results.json", body)
        [unread] = archive.what_failed().unread
        assert unread.reason.startswith("it is n")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_a_byte_order_mark_tells_how_a_file_is_to_be_read(self, encoding: str) -> None:
        archive = build({"unique_id": MODEL})
        body = archive.objects[archive.files[-1].planned.key].decode().encode(encoding)
        archive.put(70, "target/run_results.json", body)
        assert [finding.unique_id for finding in archive.what_failed().failures] == [MODEL]

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_a_byte_order_mark_tells_how_a_log_is_to_be_read(self, encoding: str) -> None:
        line = '{"info": {"level": "error", "msg": "Encountered an error:\\nno profile für x"}}'
        archive = archive_from(payload())
        archive.put(70, "stdout.log", line.encode(encoding))
        assert archive.what_failed().failures[0].reason == "no profile für x"

    def test_the_page_says_that_the_rest_was_read(self) -> None:
        archive = archive_from(payload())
        archive.put(70, "target/run_results.json", b'{"results": [7]}')
        assert b"archived, but 1 result in it was not read: expected an object" in archive.page()


class TestCommands:
    def test_results_that_an_earlier_command_left_behind_count_once(self) -> None:
        archive = archive_from(payload(commands=[command(70), command(71)]))
        for command_id in (70, 71):
            archive.put(command_id, "target/run_results.json", results({"unique_id": MODEL}))
        archive.put(71, "stderr.log", b"bash: dbtt: command not found\n")
        assert found(archive) == [("command 2", "failed"), (MODEL, "error")]

    def test_a_node_that_failed_in_two_commands_is_told_twice(self) -> None:
        archive = archive_from(payload(commands=[command(70), command(71)]))
        for command_id in (70, 71):
            node = {"unique_id": MODEL, "execution_time": command_id}
            archive.put(command_id, "target/run_results.json", results(node))
        assert [f.command_id for f in archive.what_failed().failures] == [70, 71]

    @pytest.mark.parametrize(
        ("error_string", "log", "reason"),
        [
            (
                None,
                b"02:00:00  1 of 1 START sql table model main.slow .... [RUN]\n",
                "ended without saying why, while main.slow was running",
            ),
            ("Run timed out.", b"", "Run timed out"),
            ("Run timed out.", b"loading\n", "Run timed out: loading"),
        ],
    )
    def test_a_log_that_tells_nothing_is_told_with_what_is_known(
        self, error_string: str | None, log: bytes, reason: str
    ) -> None:
        archive = archive_from(payload(error_string=error_string))
        archive.put(70, "stdout.log", log)
        assert archive.what_failed().failures[0].reason == reason

    def test_a_log_that_tells_nothing_is_told_by_its_end(self) -> None:
        archive = archive_from(payload())
        archive.put(70, "stdout.log", b"".join(b"step %d\n" % at for at in range(50)))
        [finding] = archive.what_failed().failures
        assert (finding.message or "").endswith("step 48\nstep 49")

    def test_a_command_that_wrote_nothing_has_failed_without_a_message(self) -> None:
        [finding] = archive_from(payload()).what_failed().failures
        assert (finding.unique_id, finding.message) == ("command 1", None)

    def test_what_paradime_says_stands_where_no_command_failed(self) -> None:
        archive = archive_from(payload(commands=[], error_string="no runner was free"))
        [finding] = archive.what_failed().failures
        assert (finding.unique_id, finding.message) == ("run", "no runner was free")

    def test_of_a_long_log_only_the_end_is_read(self) -> None:
        archive = archive_from(payload())
        archive.put(70, "stdout.log", b"error: early\n" * 100_000 + b"fatal: late\n")
        [end] = archive.logs[70].ends
        assert len(end.text) <= 64 * 1024
        assert not end.whole
        [finding] = archive.what_failed().failures
        assert (finding.message or "").endswith("fatal: late")


class TestOrderAndBounds:
    def test_the_worst_stand_first(self) -> None:
        statuses = ["warn", "partial success", "fail", "runtime error", "error"]
        archive = build(*({"unique_id": f"test.demo.{s}", "status": s} for s in statuses))
        assert [status for _, status in found(archive)] == statuses[::-1]

    def test_long_messages_and_sql_are_cut_with_a_mark(self) -> None:
        archive = build(
            {"unique_id": MODEL, "message": "m" * 50_000, "compiled_code": "c" * 50_000}
        )
        [finding] = archive.what_failed().failures
        assert finding.message == "m" * 9_999 + "…"
        assert finding.compiled_code == "c" * 19_999 + "…"

    def test_messages_come_without_colours_and_controls(self) -> None:
        archive = build({"unique_id": MODEL, "message": "\x1b[31mno\x1b[0m \u202eway\x00\x08"})
        [finding] = archive.what_failed().failures
        assert finding.message == "no way"


class TestSpellings:
    @pytest.mark.parametrize(
        ("spelled", "status"),
        [
            *(("Error", "error"), ("ERROR", "error"), ("errored", "error"), ("FAIL", "fail")),
            *(("Failed", "fail"), ("RuntimeError", "runtime error"), ("runtime_error",) * 2),
            *(("Partial Success", "partial success"), ("partial-success", "partial success")),
            *(("ERROR STALE", "error"), ("upstream_failed", "error"), (" Error ", "error")),
        ],
    )
    def test_however_it_is_spelled_that_it_failed_it_failed(
        self, spelled: str, status: str
    ) -> None:
        expected = "runtime error" if status == "runtime_error" else status
        archive = build({"unique_id": MODEL, "status": spelled})
        assert found(archive) == [(MODEL, expected)]

    @pytest.mark.parametrize("spelled", ["Success", "PASS", "reused", "NoOp", "no-op", ""])
    def test_what_is_no_failure_is_none(self, spelled: str) -> None:
        archive = build({"unique_id": "test.demo.t"}, {"unique_id": MODEL, "status": spelled})
        assert found(archive) == [("test.demo.t", "error")]

    def test_only_a_test_warns(self) -> None:
        archive = build(
            {"unique_id": MODEL, "status": "warn"},
            {"unique_id": "unit_test.demo.u", "status": "Warn"},
        )
        assert found(archive)[1:] == [("unit_test.demo.u", "warn")]

    def test_what_fusion_only_calls_skipped_had_nothing_to_be_done(self) -> None:
        archive = build(
            {"unique_id": MODEL},
            {"unique_id": "model.demo.ephemeral", "status": "skipped", "message": "Skipped"},
            {
                "unique_id": "model.demo.behind",
                "status": "Skipped",
                "message": "Skipped due to upstream failure",
            },
        )
        [group] = archive.what_failed().skipped
        assert group.unique_ids == ("model.demo.behind",)

    def test_a_byte_order_mark_is_passed_over(self) -> None:
        archive = archive_from(payload())
        body = b"\xef\xbb\xbf" + results({"unique_id": MODEL})
        archive.put(70, "target/run_results.json", body)
        archive.put(70, "target/manifest.json", b"\xef\xbb\xbf" + graph({}))
        assert found(archive) == [(MODEL, "error")]
        assert archive.what_failed().unread == ()

    @pytest.mark.parametrize(
        ("message", "told"),
        [
            (rb"\ud800 alone", "\ufffd alone"),
            (rb"\udc00\ud800", "\ufffd\ufffd"),
            (rb"\ud83d\udd25 and \ud83d", "\U0001f525 and \ufffd"),
            (rb"\\ud800 \udcff", "\\ud800 \ufffd"),
        ],
    )
    def test_half_a_pair_of_surrogates_costs_one_character(self, message: bytes, told: str) -> None:
        archive = archive_from(payload())
        row = b'{"unique_id": "m", "status": "error", "message": "%b"}' % message
        archive.put(70, "target/run_results.json", b'{"results": [%b]}' % row)
        [finding] = archive.what_failed().failures
        assert finding.message == told

    def test_of_a_node_that_ended_well_no_id_is_needed(self) -> None:
        archive = build({"unique_id": MODEL}, {"unique_id": None, "status": "success"})
        failed = archive.what_failed()
        assert (failed.unread, failed.partly_read) == ((), ())


class TestRecord:
    def test_it_holds_the_first_20_and_the_number_of_all(self) -> None:
        nodes = ({"unique_id": f"model.demo.m{at}"} for at in range(30))
        failed = build(*nodes).what_failed()
        assert [failure["unique_id"] for failure in failed.summaries()] == [
            f"model.demo.m{at}" for at in range(20)
        ]
        assert len(failed.failures) == 30

    def test_warnings_stand_behind_and_are_not_counted(self) -> None:
        failed = archive_of(63188).what_failed()
        assert [failure["status"] for failure in failed.summaries()] == ["fail", "fail", "warn"]
        assert len(failed.failures) == 2

    def test_a_message_has_up_to_1000_characters(self) -> None:
        failures = build({"unique_id": MODEL, "message": "m" * 2_000}).what_failed().summaries()
        assert [len(failure["message"]) for failure in failures] == [1_000]

    def test_it_stays_small_whatever_the_messages_are(self) -> None:
        nodes = ({"unique_id": f"model.demo.{at}", "message": "🙈" * 5_000} for at in range(20))
        failures = build(*nodes).what_failed().summaries()
        assert failures
        assert sum(len(str(failure).encode()) for failure in failures) < 32 * 1024

    def test_a_run_in_which_nothing_failed_has_no_failures(self) -> None:
        assert archive_of(63189).what_failed().failures == ()


class TestJson:
    def test_it_holds_all_that_was_found(self) -> None:
        archive = build(
            *({"unique_id": f"model.demo.m{at}"} for at in range(30)),
            {"unique_id": "test.demo.t", "status": "warn"},
            {"unique_id": "model.demo.s", "status": "skipped"},
            manifest=graph({"model.demo.s": ["model.demo.m7"]}),
        )
        content = json.loads(document(archive.event, archive.what_failed()))
        assert len(content["failures"]) == 30
        assert [node["unique_id"] for node in content["warnings"]] == ["test.demo.t"]
        assert content["skipped"] == [
            {
                "command_id": 70,
                "causes": ["model.demo.m7"],
                "cause_count": 1,
                "count": 1,
                "unique_ids": ["model.demo.s"],
                "unknown": None,
            }
        ]
        assert content["run"] == {
            "workspace_uid": "uid7",
            "run_id": 7,
            "schedule_name": "nightly",
            "state": "failed",
        }

    def test_archiving_again_gives_the_same_bytes(self) -> None:
        first, again = (archive_of(63188) for _ in range(2))
        assert document(first.event, first.what_failed()) == document(
            again.event, again.what_failed()
        )


def command(command_id: int) -> dict[str, Any]:
    return {"id": command_id, "command": "dbt build", "status": "failed", "return_code": 1}


def test_a_command_with_thousands_of_failures_leaves_room_for_those_of_another() -> None:
    commands = payload()["commands"] + [
        payload()["commands"][0] | {"id": 71, "command": "dbt test"}
    ]
    archive = archive_from(payload(commands=commands))
    many = [{"unique_id": f"model.demo.m{at}"} for at in range(6_000)]
    archive.put(70, "target/run_results.json", results(*many))
    archive.put(71, "target/run_results.json", results({"unique_id": MODEL, "status": "fail"}))
    assert MODEL in [summary["unique_id"] for summary in archive.what_failed().summaries()]
