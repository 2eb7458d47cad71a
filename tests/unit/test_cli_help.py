"""The help, and what it costs to show it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import PANELS, Listed, app, load
from cli.stack import options
from cli.terminal.errors import TargetError

runner = CliRunner()


def imported_by(*arguments: str) -> set[str]:
    """The modules that a call of the command line imports."""
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('imported:', *sys.modules))\n"
        "from cli.main import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(ended.stdout.rpartition("imported: ")[2].split())


def test_help_groups_the_commands() -> None:
    shown = runner.invoke(app, ["--help"]).stdout
    groups = [shown.index(f"\n{name}:\n") for name in ("Look", "Repair", "Set up")]
    assert groups == sorted(groups)


@pytest.mark.parametrize(
    "command",
    [
        "runs",
        "show",
        "serve",
        "open",
        "download",
        "replay",
        "redrive",
        "restore",
        "quarantine list",
        "quarantine save",
        "quarantine deliver",
        "configure",
        "doctor",
        "send",
    ],
)
def test_every_command_has_json_a_choice_of_stack_and_an_example(command: str) -> None:
    shown = runner.invoke(app, [*command.split(), "--help"]).stdout
    missing = [
        text
        for text in ("--json", "--local", "--stack", f"$ bolt-archive {command}")
        if text not in shown
    ]
    assert missing == []


def test_into_a_pipe_help_is_plain_text() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "Usage: " in shown.stdout
    assert "\x1b" not in shown.stdout


def test_help_imports_no_command() -> None:
    slow = {"cli.commands", "boto3", "msgspec", "requests", "rich.console", "pydantic"}
    assert imported_by("--help") & slow == set()


def test_a_command_imports_no_other() -> None:
    found = {name for name in imported_by("replay", "--help") if name.startswith("cli.commands")}
    assert found == {"cli.commands", "cli.commands.repair", "cli.commands.repair.replay"}


@pytest.mark.parametrize("listed", [c for commands in PANELS.values() for c in commands])
def test_a_command_is_listed_with_the_first_sentence_of_its_help(listed: Listed) -> None:
    assert load(listed.name).help.split("\n")[0] == listed.summary


def test_a_misspelled_command_is_answered_with_the_right_one() -> None:
    refused = runner.invoke(app, ["rnus"])
    assert refused.exit_code == 2
    assert "Did you mean 'runs'?" in refused.stderr


@pytest.mark.parametrize("arguments", [["--local", "runs"], ["runs", "--local"]])
def test_the_stack_is_chosen_before_or_after_the_command(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetError, match="make local"):
        runner.invoke(app, arguments, catch_exceptions=False)


def test_a_choice_after_the_command_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def find(*choice: object) -> None:
        asked.append(choice)
        raise TargetError("none")

    monkeypatch.setattr(options, "deployed_target", find)
    before, after = ["--stack", "A", "--region", "eu-west-1"], ["--stack", "B", "--profile", "mine"]
    runner.invoke(app, [*before, "runs", *after])
    assert asked == [("B", "mine", "eu-west-1")]


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["sql"],
        ["runs", "--limit", "0"],
        ["runs", "--since", "yesterday"],
        ["send", "no-such-file.json"],
        ["configure", "api", "--add"],
        ["configure", "--remove", "x"],
        ["configure", "--workspace", "w1"],
        ["configure", "webhook", "--serves", "w1"],
        ["configure", "api", "--serves", "w1", "--workspace", "w2"],
        ["configure", "webhook", "--header", "x-token"],
    ],
)
def test_wrong_use_ends_with_2(arguments: list[str]) -> None:
    # On no stack: wrong use is reported before one is looked for.
    assert runner.invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shell: str) -> None:
    words = {
        "COMP_WORDS": "bolt-archive re",  # bash
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "bolt-archive re",  # zsh and fish
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    environment = {"_BOLT_ARCHIVE_COMPLETE": f"complete_{shell}", **words}
    completed = runner.invoke(app, prog_name="bolt-archive", env=environment).stdout
    assert {"redrive", "replay"} <= set(re.findall(r"\w+", completed))


def test_a_state_directory_chooses_the_local_stack_that_uses_it(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=str(tmp_path / "other")):
        runner.invoke(app, ["runs", "--state-dir", str(tmp_path / "other")], catch_exceptions=False)


def test_a_pipe_whose_encoding_lacks_a_character_gets_it_spelled_out() -> None:
    program = "from cli.main import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "send", "ab\u2192c"],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONIOENCODING": "cp1252", "COLUMNS": "200"},
        check=False,
    )
    assert ended.returncode == 2
    assert "ab\\u2192c" in ended.stderr
