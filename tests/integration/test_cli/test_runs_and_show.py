"""`runs` and `show`: what is there is found, and printed as text."""

import json
from importlib.metadata import version

import boto3
import pytest
from rich.text import Text

from tests.integration.test_cli.conftest import BoltArchive, Ended
from tests.integration.world import World

UID = "n0sg8br1m44k0ryj"


def ids(out: str) -> list[str]:
    return [line.split()[0].partition("/")[2] for line in out.splitlines()[1:]]


@pytest.mark.parametrize("where", [[], ["--workspace", UID]], ids=["all workspaces", "one"])
def test_runs_lists_what_is_asked_for(
    recorded: World, bolt_archive: BoltArchive, where: list[str]
) -> None:
    expected = {
        "": ["63189", "63188", "63187"],
        "--failed": ["63188", "63187"],
        "--schedule daily_run": ["63189", "63187"],
        "--schedule daily_run --failed": ["63187"],
        "--since 2023-10-16": ["63189", "63188"],
        "--since 2023-10-16T05:00": ["63189"],
        "--since 7d": [],
        "--limit 2": ["63189", "63188"],
        "--after 63188": ["63187"],
        "--after 63189 --limit 1": ["63188"],
        "--after 63188 --since 2023-10-16": [],
    }
    found = {
        options: ids(bolt_archive("runs", *where, *options.split()).out) for options in expected
    }
    assert found == expected


@pytest.mark.parametrize("where", [[], ["--workspace", UID]], ids=["all workspaces", "one"])
def test_runs_are_found_by_what_they_are_about(
    recorded: World, bolt_archive: BoltArchive, where: list[str]
) -> None:
    body = json.loads(recorded.payload()) | {"id": 70, "start_dttm": "2023-10-15 16:44:30.000000"}
    body["environment"] = {"actor": "Ann", "email": "ann@x.com", "branch": "b", "commit_hash": "f0"}
    body["schedule"] = {"owner_email": "finance@x.com"}
    recorded.send(json.dumps(body).encode())
    expected = {
        "--branch b": ["70"],
        "--branch other": [],
        "--commit F0": ["70"],
        "--commit 0": ["63188"],
        "--actor ANN@": ["70"],
        "--owner finance": ["70"],
        "--owner finance --state succeeded": [],
        "--state succeeded": ["63189"],
        "--archive queued": ["63188", "70", "63187"],
        "--archive queued --branch b": ["70"],
    }
    found = {
        options: ids(bolt_archive("runs", *where, *options.split()).out) for options in expected
    }
    assert found == expected


def test_runs_of_another_workspace_are_none(recorded: World, bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("runs", "--workspace", "other")
    assert (ended.status, ended.out) == (1, "no runs found\n")


def test_that_there_are_no_runs_yet_is_no_failure(world: World, bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("runs")
    assert (ended.status, ended.out) == (0, "no runs found\n")


def test_json_has_all_runs(world: World, bolt_archive: BoltArchive) -> None:
    for run_id in range(1, 24):
        world.send(json.dumps(json.loads(world.payload()) | {"id": run_id}).encode())
    assert len(bolt_archive("runs", "--json").json) == 23
    assert len(bolt_archive("runs").out.splitlines()) == 21


def test_json_of_no_runs_is_an_empty_list(world: World, bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("runs", "--json")
    assert (ended.status, ended.json) == (0, [])


def test_runs_say_why_they_failed(archived: World, bolt_archive: BoltArchive) -> None:
    [line] = [line for line in bolt_archive("runs").out.splitlines() if "63187" in line]
    assert 'customer_lifetime_value: Binder Error: Table "orders"' in line


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)


def lines_of(ended: Ended) -> list[str]:
    return Text.from_ansi(ended.out).plain.splitlines()


@pytest.mark.usefixtures("narrow")
class TestOnATerminal:
    def test_a_run_is_a_line(self, archived: World, bolt_archive: BoltArchive) -> None:
        lines = lines_of(bolt_archive("runs"))
        assert max(map(len, lines)) <= 80
        assert [line.split()[0] for line in lines[2:]] == ["63189", "63188", "63187"]
        assert lines[0].split() == ["run", "schedule", "started", "(UTC)", "state", "why"]

    def test_runs_of_several_workspaces_have_their_full_names(
        self, recorded: World, bolt_archive: BoltArchive
    ) -> None:
        body = json.loads(recorded.payload())
        body["workspace"]["uid"] = "another"
        recorded.send(json.dumps(body).encode())
        assert f"{UID}/63187" in bolt_archive("runs").out

    def test_what_failed_comes_before_the_facts(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        lines = lines_of(bolt_archive("show", "63187"))
        assert max(map(len, lines)) <= 80

        def place(text: str) -> int:
            return next(at for at, line in enumerate(lines) if text in line)

        assert place("4, dbt run") < place("customer_lifetime_value (model)") < place("started")

    def test_a_message_keeps_its_lines(self, recorded: World, bolt_archive: BoltArchive) -> None:
        boto3.resource("dynamodb").Table(recorded.table).update_item(
            Key={"run_key": "n0sg8br1m44k0ryj#63187"},
            UpdateExpression="SET failures = :failures, failure_count = :count",
            ExpressionAttributeValues={
                ":failures": [
                    {"unique_id": "model.a.b", "status": "error", "message": "Binder\nLINE 1"}
                ],
                ":count": 1,
            },
        )
        lines = [line.strip() for line in lines_of(bolt_archive("show", "63187"))]
        at = lines.index("error  b (model)")
        assert lines[at + 1 : at + 3] == ["Binder", "LINE 1"]

    def test_a_quarantined_delivery_has_its_name_on_one_line(
        self, world: World, bolt_archive: BoltArchive
    ) -> None:
        world.send(b"no JSON")
        [fact] = bolt_archive("quarantine", "list", "--json").json
        lines = lines_of(bolt_archive("quarantine", "list"))
        assert any(line.split() == ["name", fact["name"]] for line in lines)


def test_files_are_listed_if_asked(archived: World, bolt_archive: BoltArchive) -> None:
    path = "04-dbt-run-193442/target/manifest.json"
    assert path not in bolt_archive("show", "63187").out
    assert path in bolt_archive("show", "63187", "--files").out


def test_show_without_a_run_is_of_the_one_that_failed_last(
    recorded: World, bolt_archive: BoltArchive
) -> None:
    assert f"{UID}/63188" in bolt_archive("show").out


def test_show_without_a_run_needs_a_failed_one(world: World, bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("show")
    assert (ended.status, ended.out) == (1, "")
    assert "no run has failed" in ended.err


def test_the_version_is_told(world: World, bolt_archive: BoltArchive) -> None:
    assert bolt_archive("--version").out == f"bolt-archive {version('paradime-run-archive')}\n"


@pytest.mark.parametrize("where", [[], ["--workspace", UID]], ids=["all workspaces", "one"])
def test_pages_put_together_are_all_runs(
    recorded: World, bolt_archive: BoltArchive, where: list[str]
) -> None:
    found: list[int] = []
    page = bolt_archive("runs", "--limit", "1", "--json", *where)
    while page.json:
        found += [run["run_id"] for run in page.json]
        last = f"n0sg8br1m44k0ryj/{found[-1]}"
        assert (last in page.err) == (len(found) < 3)
        page = bolt_archive("runs", "--limit", "1", "--json", *where, "--after", last)
    assert found == [63189, 63188, 63187]


def test_a_run_that_has_not_ended_is_no_page_of_failed_ones(
    world: World, bolt_archive: BoltArchive
) -> None:
    world.send(world.payload("run_started"))
    ended = bolt_archive("runs", "--failed", "--after", "1234")
    assert ended.status == 1
    assert "n0sg8br1m44k0ryj/1234 has not ended" in ended.err


def test_show_has_the_record_and_the_archive(archived: World, bolt_archive: BoltArchive) -> None:
    shown = bolt_archive("show", "63187", "--json").json
    assert shown["record"]["archive_state"] == "archived"
    assert "event_gz" not in shown["record"]
    assert len(shown["archive"]["files"]) == 17


def test_show_says_what_failed(recorded: World, bolt_archive: BoltArchive) -> None:
    boto3.resource("dynamodb").Table(recorded.table).update_item(
        Key={"run_key": "n0sg8br1m44k0ryj#63187"},
        UpdateExpression="SET failures = :failures, failure_count = :count",
        ExpressionAttributeValues={
            ":failures": [
                {"unique_id": "model.a.b", "status": "error", "message": "Binder Error\n  LINE 1"}
            ],
            ":count": 25,
        },
    )
    lines = bolt_archive("show", "63187").out.splitlines()
    header = next(n for n, line in enumerate(lines) if "failed (1 of 25)" in line)
    assert lines[header + 1].split() == ["error", "model.a.b", "Binder", "Error", "LINE", "1"]


def test_show_tells_what_is_of_one_cause_and_what_was_healed(
    recorded: World, bolt_archive: BoltArchive
) -> None:
    boto3.resource("dynamodb").Table(recorded.table).update_item(
        Key={"run_key": "n0sg8br1m44k0ryj#63187"},
        UpdateExpression="SET failure_groups = :groups, healed_count = :two, healed_by = :by",
        ExpressionAttributeValues={
            ":groups": [
                {
                    "what": "250 models",
                    "count": 250,
                    "status": "error",
                    "message": "no warehouse",
                    "unique_ids": ["model.a.b"],
                }
            ],
            ":two": 2,
            ":by": [3],
        },
    )
    shown = " ".join(bolt_archive("show", "63187").out.split())
    assert "250 models no warehouse model.a.b" in shown
    assert "2 failures, healed by command 3" in shown


def test_show_says_whose_a_run_is_and_what_for(world: World, bolt_archive: BoltArchive) -> None:
    changes = {
        "parent_schedule_run_id": 123,
        "environment": {"pull_request_id": "12"},
        "schedule": {
            "owner_email": "a@example.com, b@example.com",
            "environment": "production",
            "turbo_ci": {"enabled": True, "deferred_schedule_name": "nightly"},
        },
    }
    world.send(json.dumps(json.loads(world.payload()) | changes).encode())
    shown = " ".join(bolt_archive("show", "63187").out.split())
    assert " kind Turbo CI run, pull request 12, retry of run 123 " in shown
    assert " owner a@example.com, b@example.com " in shown
    assert " environment production " in shown
    assert " deferred to schedule nightly " in shown


def test_show_does_without_what_an_older_record_lacks(
    recorded: World, bolt_archive: BoltArchive
) -> None:
    boto3.resource("dynamodb").Table(recorded.table).update_item(
        Key={"run_key": "n0sg8br1m44k0ryj#63187"},
        UpdateExpression="REMOVE owner_email, environment",
    )
    assert "owner" not in bolt_archive("show", "63187").out.split()


def test_show_says_what_is_missing_and_why(world: World, bolt_archive: BoltArchive) -> None:
    body = json.loads(world.payload())
    body["commands"][3]["json_resources"].append({"id": 99, "path": "target/gone.json"})
    world.send(json.dumps(body).encode())
    world.drain()
    [line] = [one for one in bolt_archive("show", "63187").out.splitlines() if "gone.json" in one]
    assert "missing" in line
    assert "resource 99" in line


def test_show_says_what_is_still_to_come_and_why(
    incomplete: World, bolt_archive: BoltArchive
) -> None:
    shown = " ".join(bolt_archive("show", "63187").out.split())
    assert "target/manifest.json still to come the link was refused (403)" in shown


def test_show_takes_the_run_with_its_workspace(recorded: World, bolt_archive: BoltArchive) -> None:
    assert "daily_run" in bolt_archive("show", "n0sg8br1m44k0ryj/63187").out


@pytest.mark.parametrize("name", ["1", "n0sg8br1m44k0ryj/1", "other/63187", "nonsense"])
def test_an_unknown_run_is_reported(recorded: World, bolt_archive: BoltArchive, name: str) -> None:
    ended = bolt_archive("show", name)
    assert (ended.status, ended.out) == (1, "")
    assert name in ended.err


def test_an_id_that_two_workspaces_have_is_not_guessed(
    recorded: World, bolt_archive: BoltArchive
) -> None:
    body = json.loads(recorded.payload())
    body["workspace"]["uid"] = "another"
    recorded.send(json.dumps(body).encode())
    ended = bolt_archive("show", "63187")
    assert ended.status == 1
    assert {"another/63187", "n0sg8br1m44k0ryj/63187"} <= set(ended.err.replace(",", " ").split())


def test_hostile_text_is_shown_and_not_obeyed(world: World, bolt_archive: BoltArchive) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J[bold]x[/bold] [/] \u202e"
    body = json.loads(world.payload())
    body |= {"schedule_name": hostile, "error_string": hostile, "status": hostile}
    body["workspace"]["name"] = body["environment"]["branch"] = hostile
    for command in body["commands"]:
        command |= {"command": f"dbt {hostile}", "status": hostile}
    world.send(json.dumps(body).encode())
    for shown in (bolt_archive("runs"), bolt_archive("show", "63187")):
        assert shown.status == 0
        assert not {"\x1b", "\x07", "\u202e"} & set(shown.out)
        assert "\\x1b]0;owned\\x07\\x1b[2J[bold]x[/bold] [/] \\u202e" in shown.out


def test_into_a_pipe_each_row_is_a_line(world: World, bolt_archive: BoltArchive) -> None:
    body = json.loads(world.payload()) | {"schedule_name": "a long name " * 40}
    world.send(json.dumps(body).encode())
    assert len(bolt_archive("runs").out.splitlines()) == 2


def test_the_local_stack_is_not_up(world: World, bolt_archive: BoltArchive) -> None:
    ended = bolt_archive("runs", "--local")
    assert ended.status == 1
    assert "make local" in ended.err


def test_an_answer_of_aws_is_no_traceback(world: World, bolt_archive: BoltArchive) -> None:
    boto3.client("dynamodb").delete_table(TableName=world.table)
    ended = bolt_archive("runs")
    assert (ended.status, len(ended.err.splitlines())) == (1, 1)
    assert "ResourceNotFoundException" in ended.err
