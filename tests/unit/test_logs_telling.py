"""Which lines of a message, or of a log, tell what is wrong."""

import time

import pytest

from functions.findings.logs.reading import read
from functions.findings.logs.telling import says_nothing, telling_line, telling_lines

SNOWFLAKE = """Database Error in model crit (models/crit.sql)
  000940 (22023): SQL compilation error: error line 46 at position 12
  missing required argument [INPUT] for function [flatten]
  compiled SQL at target/run/shop/models/crit.sql"""


class TestMessages:
    @pytest.mark.parametrize(
        ("message", "line"),
        [
            (
                "Database Error in model orders (models/orders.sql)\n  no column amount\n  LINE 7",
                "no column amount",
            ),
            (
                "Got 3 results, configured to fail if != 0",
                "Got 3 results, configured to fail if != 0",
            ),
            (
                "Compilation Error in model a (models/a.sql)",
                "Compilation Error in model a (models/a.sql)",
            ),
            ("\n\n  fatal: not found\nhint", "fatal: not found"),
            (None, ""),
            ("", ""),
        ],
        ids=["a heading", "one line", "only a heading", "blank lines", "none", "empty"],
    )
    def test_one_line_tells_where_it_says_it(self, message: str | None, line: str) -> None:
        assert telling_line(message) == line

    def test_headings_may_be_nested(self) -> None:
        message = "Runtime Error in model a (models/a.sql)\n  Runtime Error\n    Database Error\n"
        message += "      SQL compilation error:\n        Database 'dbt_x' not found"
        assert telling_line(message) == "Database 'dbt_x' not found"

    def test_headings_may_have_a_time_and_a_level(self) -> None:
        message = "02:00:01  Encountered an error:\n2024-05-01 02:00:01,1 ERROR Runtime Error\nno x"
        assert telling_line(message) == "no x"

    def test_lines_are_joined_where_one_does_not_say_it(self) -> None:
        assert telling_lines(SNOWFLAKE) == [
            "000940 (22023): SQL compilation error: error line 46 at position 12",
            "missing required argument [INPUT] for function [flatten]",
        ]

    def test_no_more_than_three_lines_tell(self) -> None:
        assert telling_lines("one:\ntwo:\nthree:\nfour") == ["one:", "two:", "three:"]

    def test_what_a_called_program_said_is_told_below_what_called_it(self) -> None:
        message = (
            "Internal Error\n  Error checking out spec='1.0.0' for repo https://example.com/a.git\n"
            "  Cloning into 'a'...\n  fatal: unable to access 'https://example.com/a.git/': 403"
        )
        assert telling_line(message).endswith(
            "fatal: unable to access 'https://example.com/a.git/': 403"
        )

    def test_a_detail_is_told_unless_it_is_data(self) -> None:
        violated = "null value in column id violates not-null constraint"
        assert telling_lines(f"{violated}\n  DETAIL:  Failing row contains (null, ada).") == [
            violated
        ]
        assert telling_line("cannot drop a\n  DETAIL:  view b depends on a").endswith(
            "b depends on a"
        )

    def test_a_wrapped_sentence_is_told_whole(self) -> None:
        message = (
            "[WARNING][WEOIncludeExcludeDeprecation]: Deprecated functionality\n"
            "  Found `include` in `warn_error_options` specification. Please use `error`\n"
            "  instead of `include`.\n  run again"
        )
        assert telling_line(message).endswith("Please use `error` instead of `include`.")

    def test_of_a_traceback_in_a_message_the_exception_is_told(self) -> None:
        message = (
            "Runtime Error in model a (models/a.py)\n  Python model failed:\n"
            '  Traceback (most recent call last):\n    File "a.py", line 3, in model\n'
            "      raise KeyError('amount')\n  KeyError: 'amount'\n"
        )
        assert telling_line(message) == "KeyError: 'amount'"

    def test_a_long_line_keeps_its_beginning_and_its_end(self) -> None:
        line = telling_line("could not reach " + "x" * 900 + ": Connection refused")
        assert len(line) <= 300
        assert line.startswith("could not reach xxx")
        assert line.endswith("xxx: Connection refused")

    def test_an_object_that_dbt_prints_is_told_as_its_path(self) -> None:
        message = (
            "Parsing Error\n  Invalid config given in FilePath(searched_path='models',"
            " relative_path='a.yml', modification_time=1.5, project_root='/app') @ x"
        )
        assert telling_line(message) == "Invalid config given in models/a.yml @ x"

    @pytest.mark.parametrize(
        ("message", "nothing"),
        [
            (None, True),
            ("ERROR", True),
            ("Error", True),
            ("Compilation Error", True),
            ("Compilation Error in model a (models/a.sql)", True),
            ("PARTIAL SUCCESS (2/3)", True),
            ("Runtime Error\n  no x", False),
            ("Got 1 result, configured to fail if != 0", False),
        ],
    )
    def test_a_message_may_say_no_more_than_that_it_failed(
        self, message: str | None, nothing: bool
    ) -> None:
        assert says_nothing(message) is nothing


def told(*logs: str) -> str:
    reading = read(logs)
    return telling_line("\n".join(reading.reason.lines)) if reading.reason else ""


class TestLogs:
    @pytest.mark.parametrize(
        ("log", "line"),
        [
            (
                "Cloning into 'jaffle'...\nfatal: Remote branch a not found in upstream origin",
                "fatal: Remote branch a not found in upstream origin",
            ),
            (
                "02:00:01  Running with dbt=1.10.23\n02:00:02  Encountered an error:\n"
                "Compilation Error\n  Model 'model.demo.a' depends on a node named 'b'",
                "Model 'model.demo.a' depends on a node named 'b'",
            ),
            (
                'Traceback (most recent call last):\n  File "a.py", line 1\n'
                "sqlalchemy.exc.OperationalError: (timeout) no answer",
                "sqlalchemy.exc.OperationalError: (timeout) no answer",
            ),
            (
                "ERROR: Could not find a version\nERROR: No matching distribution found",
                "Could not find a version",
            ),
            ("/bin/sh: 1: dbtt: command not found", "/bin/sh: 1: dbtt: command not found"),
            ("/bin/sh: 1: dbtt: not found", "/bin/sh: 1: dbtt: not found"),
            ("Done. PASS=5 WARN=0 ERROR=0 SKIP=0 TOTAL=5", ""),
        ],
        ids=["git", "dbt", "python", "pip", "shell", "dash", "nothing"],
    )
    def test_a_log_is_told_by_its_reason(self, log: str, line: str) -> None:
        assert told(log) == line

    def test_a_cause_on_stdout_is_told_before_noise_on_stderr(self) -> None:
        noise = "ERROR:snowflake.connector.ocsp_snowflake:WARNING!!! Using fail-open to connect."
        assert told(noise, "02:00:02  Encountered an error:\nRuntime Error\n  no x") == "no x"

    def test_an_exception_is_told_with_the_one_that_was_being_handled(self) -> None:
        log = (
            "Traceback (most recent call last):\n  File a\nLookupError: no table orders\n\n"
            "During handling of the above exception, another exception occurred:\n\n"
            "Traceback (most recent call last):\n  File a\n    raise SystemExit(1)\nSystemExit: 1"
        )
        assert told(log) == "SystemExit: 1 while handling LookupError: no table orders"

    def test_of_a_group_of_exceptions_the_first_is_told_too(self) -> None:
        log = (
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "load.py", line 8, in <module>\n  |     asyncio.run(main())\n'
            "  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)\n"
            "  +-+---------------- 1 ----------------\n"
            '    | Traceback (most recent call last):\n    |   File "load.py", line 3, in a\n'
            "    | ValueError: no rows\n    +---------------- 2 ----------------\n"
            '    | Traceback (most recent call last):\n    |   File "load.py", line 4, in b\n'
            "    | ConnectionError: reset\n    +------------------------------------\n"
        )
        assert told(log).endswith("(2 sub-exceptions) ValueError: no rows")

    def test_a_traceback_may_stand_in_a_box(self) -> None:
        log = (
            "╭─────────────── Traceback (most recent call last) ───────────────╮\n"
            "│ /app/load.py:12 in main                                         │\n"
            '│ ❱ 12     raise LookupError("no table")                          │\n'
            "╰─────────────────────────────────────────────────────────────────╯\n"
            "LookupError: no table\n\n"
            "During handling of the above exception, another exception occurred:\n\n"
            "╭─────────────── Traceback (most recent call last) ───────────────╮\n"
            "│ /app/load.py:14 in main                                         │\n"
            "╰─────────────────────────────────────────────────────────────────╯\n"
            "SystemExit: 1\n"
        )
        assert told(log) == "SystemExit: 1 while handling LookupError: no table"

    def test_the_deepest_of_numbered_causes_is_told(self) -> None:
        log = (
            "Error: could not sync orders\n\nCaused by:\n    0: error sending request\n"
            "    1: dns error: Name or service not known\n\nLocation:\n    src/main.rs:30:5\n"
        )
        assert told(log) == (
            "Error: could not sync orders Caused by: dns error: Name or service not known"
        )

    def test_what_a_program_said_is_told_before_that_it_failed(self) -> None:
        log = (
            "Traceback (most recent call last):\n  File a\nKeyError: 'amount'\n"
            "Traceback (most recent call last):\n  File b\n"
            "subprocess.CalledProcessError: Command 'a' returned non-zero exit status 1."
        )
        assert told(log) == "KeyError: 'amount'"

    def test_what_an_exception_only_passes_on_is_told_once(self) -> None:
        log = (
            "Traceback (most recent call last):\n  File a\nMaxRetryError: nobody answers at x\n\n"
            "During handling of the above exception, another exception occurred:\n\n"
            "Traceback (most recent call last):\n  File b\nConnectionError: nobody answers at x"
        )
        assert told(log) == "ConnectionError: nobody answers at x"

    @pytest.mark.parametrize(
        "count", ["Done: 12 files, 0 errors", "no records failed", "Failed: 0", "errors=0, rows=3"]
    )
    def test_what_counts_none_is_no_reason(self, count: str) -> None:
        assert told(f"upload of orders failed with HTTP 403\n{count}") == (
            "upload of orders failed with HTTP 403"
        )

    def test_a_traceback_whose_end_is_missing_is_not_guessed(self) -> None:
        assert told('Traceback (most recent call last):\n  File "a.py", line 1, in <module>') == ""

    def test_an_exception_that_python_ignored_is_not_told(self) -> None:
        log = (
            "ERROR: no table orders\nException ignored in: <function f at 0x7f>\n"
            "Traceback (most recent call last):\n  File a\nRuntimeError: Event loop is closed"
        )
        assert told(log) == "no table orders"

    def test_only_a_warning_is_told_where_nothing_else_is(self) -> None:
        assert told("2024-05-01 02:00:01 WARNING disk is full, write failed") == (
            "disk is full, write failed"
        )

    def test_where_nothing_looks_like_a_reason_the_last_lines_stand(self) -> None:
        reading = read(["\n".join(f"step {at}" for at in range(50))])
        assert reading.reason is None
        assert reading.last == ("step 47", "step 48", "step 49")

    def test_of_the_last_lines_warnings_stand_only_where_nothing_else_does(self) -> None:
        warning = "warning: You appear to have cloned an empty repository."
        assert read([warning, "nothing to commit, working tree clean"]).last == (
            "nothing to commit, working tree clean",
        )
        assert read([warning]).last == (warning,)


HOSTILE = [
    *("Traceback (most recent call last):\n", "KeyError Traceback (most recent call last)\n  x\n"),
    *("╭─ Traceback (most recent call last) ─╮\n│ x\n", "╭─ Error ─╮\n", "│ Error: x\n"),
    *("  + Exception Group Traceback (most recent call last):\n", "Caused by:\n0: a\n"),
    *("  \N{MULTIPLICATION SIGN} a\n  ╰─▶ b\n", "npm error x\n", "a....Failed\n", "error: x\n"),
    *("E   x\n", "FAILED x\n", "panicked at x:\n", "0 errors ", "{'S': '", "', '", f"{'x' * 78}\n"),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_time_grows_as_the_log_does(piece: str) -> None:
    """Sixteen times the log would take 256 times as long if it were read over and over."""

    def took(size: int) -> float:
        log = piece * (size // len(piece))
        begun = time.process_time()
        read([log])
        telling_lines(log)
        return time.process_time() - begun

    assert took(320_000) < 64 * max(took(20_000), took(20_000), 0.005)


class TestWhatWasRunning:
    def test_a_node_is_running_from_its_start_to_its_end(self) -> None:
        log = (
            "02:00:00  1 of 2 START sql table model db.orders ...... [RUN]\n"
            "02:00:01  2 of 2 START sql table model db.slow ...... [RUN]\n"
            "02:00:02  1 of 2 OK created sql table model db.orders ...... [OK in 2.0s]\n"
        )
        assert read([log]).steps.running == ("db.slow",)

    def test_cancelling_its_query_does_not_end_a_node(self) -> None:
        log = (
            "02:00:00  1 of 1 START sql table model db.slow ...... [RUN]\n"
            "02:00:02  CANCEL query model.shop.slow ...... [CANCEL]\n"
            "02:00:02  1 of 1 ERROR creating sql table model db.slow ...... [ERROR in 2.0s]\n"
        )
        assert read([log]).steps.running == ("db.slow",)

    def test_a_second_invocation_begins_anew(self) -> None:
        log = (
            "02:00:00  1 of 1 START sql table model db.a ...... [RUN]\n"
            "02:00:05  Running with dbt=1.10.23\n"
            "02:00:06  1 of 1 START sql table model db.b ...... [RUN]\n"
        )
        assert read([log]).steps.running == ("db.b",)


class TestReasonsOfNodes:
    def test_a_summary_names_its_node(self) -> None:
        log = (
            "02:00:01  Failure in model mb (models/mb.sql)\n"
            "02:00:01    Database Error in model mb (models/mb.sql)\n  no column x\n02:00:01  \n"
        )
        lines = read([log]).nodes.of("model.shop.mb", kind="model", name="mb", path=None)
        assert telling_line("\n".join(lines)) == "no column x"

    def test_a_summary_that_says_no_more_is_none(self) -> None:
        log = "02:00:01  Failure in model mb (models/mb.sql)\n02:00:01    ERROR\n02:00:01  \n"
        assert read([log]).nodes.of("model.shop.mb", kind="model", name="mb", path=None) == ()

    def test_json_names_it_by_its_id(self) -> None:
        log = (
            '{"info": {"level": "error", "msg": "Runtime Error in model b (b.sql)\\n  no x"},'
            ' "data": {"node_info": {"unique_id": "model.shop.b"}}}'
        )
        lines = read([log]).nodes.of("model.shop.b", kind="", name="", path=None)
        assert telling_line("\n".join(lines)) == "no x"

    @pytest.mark.parametrize(
        ("unique_id", "path"),
        [("seed.shop.raw", None), ("model.shop.ref", "models/ref.sql"), ("model.shop.c", None)],
    )
    def test_dbt_fusion_names_it_by_id_or_place(self, unique_id: str, path: str | None) -> None:
        log = (
            "[error] [DbDriverFailed (dbt1308)]: Failed to create schema for seed.shop.raw: no x\n"
            "[error] [DependencyNotFound (dbt1048)]: no x\n  --> models/ref.sql:1:15\n"
            "[error] [DbDriverFailed (dbt1308)]: Database Error in model c (target/c.sql)\n  no x\n"
        )
        lines = read([log]).nodes.of(unique_id, kind="model", name=unique_id[11:], path=path)
        assert "no x" in telling_line("\n".join(lines))
