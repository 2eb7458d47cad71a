"""What programs put before a line: times, levels, JSON."""

import pytest

from functions.findings.logs.entries import read


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("02:00:01  Running with dbt=1.10.23", "", "Running with dbt=1.10.23"),
        ("02:00:01.123456 [error] [MainThread]: no x", "error", "no x"),
        ("02:00:01  [WARNING][Old]: gone", "warn", "gone"),
        ("2024-05-01 02:00:09,001 ERROR main no x", "error", "main no x"),
        ("2024-05-01 02:00:09,001 - loader - ERROR - no x", "error", "no x"),
        ("2024-05-01T02:00:09.001Z ERROR no x", "error", "no x"),
        (
            "2024-05-01 02:00:09.001 | ERROR    | loader:run:12 - no x",
            "error",
            "loader:run:12 - no x",
        ),
        ("[2024-05-01 02:00:09,001] {task.py:12} ERROR - no x", "error", "no x"),
        ("24/05/01 02:00:09 WARN Loader: slow", "warn", "Loader: slow"),
        ("2024-05-01 02:00:09 [error    ] no x", "error", "no x"),
        ("2024-05-01 02:00:09 done", "", "done"),
        ("ERROR: no x", "error", "no x"),
        ("ERROR:root:no x", "error", "root:no x"),
        ("[ERROR] no x", "error", "no x"),
        ("[error] [X (dbt1048)]: no x", "error", "[X (dbt1048)]: no x"),
        ('time="2024-05-01T02:00:09Z" level=error msg="no x" at=1', "error", "no x"),
        ("INFO 2024-05-01 02:00:09,001 done", "info", "done"),
        ('{"level": "ERROR", "message": "no x"}', "error", "no x"),
        ('{"severity": "CRITICAL", "msg": "no x"}', "error", "no x"),
        ('{"info": {"level": "error", "msg": "no x"}, "data": {}}', "error", "no x"),
    ],
)
def test_a_level_is_read_wherever_it_stands(line: str, level: str, text: str) -> None:
    [read_line] = read(line)
    assert (read_line.level, read_line.text, read_line.fresh) == (level, text, True)


@pytest.mark.parametrize(
    "line",
    [
        "1 of 2 ERROR creating sql table model main.orders ... [ERROR in 0.1s]",
        "Error: No such option",
        "  ERROR:  relation does not exist",
        '{"a":',
        '{"unrelated": 1}',
        "[1, 2]",
        "",
    ],
)
def test_other_lines_have_no_level(line: str) -> None:
    assert [(one.text, one.level, one.fresh) for one in read(line)] == [(line, "", False)]


def test_lines_below_belong_to_their_entry() -> None:
    lines = read("2024-05-01 02:00:09 WARNING slow\n  more\n2024-05-01 02:00:10 INFO done")
    assert [(line.level, line.fresh) for line in lines] == [
        ("warn", True),
        ("warn", False),
        ("info", True),
    ]


def test_a_message_in_json_may_have_several_lines() -> None:
    lines = read('{"info": {"level": "error", "msg": "\\u001b[31mone\\u001b[0m\\n  two"}}\nthree')
    assert [(line.text, line.fresh) for line in lines] == [
        ("one", True),
        ("  two", False),
        ("three", False),
    ]


def test_of_a_line_that_is_written_over_the_end_stays() -> None:
    assert [line.text for line in read("50%\r100%, done.\r\n")] == ["100%, done.", ""]
