"""The help, and what it costs to show it."""

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cli.main import app

runner = CliRunner()


def test_help_groups_the_commands() -> None:
    shown = runner.invoke(app, ["--help"]).stdout
    groups = [shown.index(f"─ {name} ─") for name in ("Look", "Repair", "Set up")]
    assert groups == sorted(groups)


@pytest.mark.parametrize(
    "command",
    [
        "runs",
        "show",
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


def test_help_does_without_the_aws_sdk() -> None:
    program = "import sys, cli.main; print([m for m in ('boto3', 'botocore') if m in sys.modules])"
    imported = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert imported.stdout == "[]\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["show"],
        ["runs", "--limit", "0"],
        ["runs", "--since", "yesterday"],
        ["send", "no-such-file.json"],
        ["configure", "api", "--add"],
        ["configure", "--remove", "x"],
        ["configure", "webhook", "--header", "x-token"],
    ],
)
def test_wrong_use_ends_with_2(arguments: list[str]) -> None:
    # On no stack: wrong use is said before one is looked for.
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
