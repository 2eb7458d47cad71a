"""Writes `events/paradime/` and `events/lambda/` anew; run by `make events`.

For each completed payload beside this script, its commands are carried out for real, in a
neutral directory: `git clone` of a local repository that holds `jaffle/project` (and the run's
`jaffle/changes`), then dbt from a throw-away virtual environment locked in
`jaffle/requirements.txt`. What git and dbt wrote is copied and never edited, so the instants in
it are those of the day it ran, not those of the payloads.

Stops with one sentence if a command's exit status is not the payload's `return_code`.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import lambda_events

EVENTS = Path(__file__).resolve().parent
JAFFLE = EVENTS / "jaffle"
PARADIME = EVENTS / "paradime"
# dbt writes absolute paths into its logs and artifacts: this one says nothing about a machine.
WORK = Path("/tmp/jaffle")  # noqa: S108

CHANGES = {63187: "bad_column", 63188: "bad_data"}

# What the API lists for a command beyond the resources that its event names.
LISTED_ONLY = {
    193440: {1205727: "logs/dbt.log"},
    193441: {1205733: "target/semantic_manifest.json", 1205735: "logs/dbt.log"},
    193442: {
        1205745: "target/semantic_manifest.json",
        1205747: "logs/dbt.log",
        1205749: "target/compiled/jaffle/models/marts/customer_lifetime_value.sql",
        1205751: "target/graph.gpickle",
    },
    193452: {1205807: "logs/dbt.log"},
    193453: {1205813: "target/semantic_manifest.json", 1205815: "logs/dbt.log"},
    193454: {
        1205825: "target/semantic_manifest.json",
        1205827: "logs/dbt.log",
        1205829: "target/compiled/jaffle/tests/assert_payments_are_positive.sql",
    },
    193462: {1205907: "logs/dbt.log"},
    193463: {1205913: "target/semantic_manifest.json", 1205915: "logs/dbt.log"},
    193464: {1205925: "target/semantic_manifest.json", 1205927: "logs/dbt.log"},
}


def main() -> None:
    if sys.version_info >= (3, 14):
        sys.exit("events: dbt 1.10 needs Python 3.13 or older: make events PYTHON=python3.13")
    git = shutil.which("git")
    if not git:
        sys.exit("events: git is needed and not on PATH")
    try:
        WORK.mkdir()
    except FileExistsError:
        sys.exit(f"events: {WORK} exists; the runs need it to themselves, so remove it first")
    try:
        say("dbt, in a throw-away environment")
        install_dbt()
        shutil.rmtree(PARADIME, ignore_errors=True)
        for path in sorted(EVENTS.glob("run_completed*.json")):
            payload = json.loads(path.read_text(encoding="utf-8"))
            say(f"run {payload['id']} of {path.name}")
            write_json(PARADIME / f"{payload['id']}.json", carry_out(payload, git))
    finally:
        shutil.rmtree(WORK)
    for name, event in lambda_events.all_events(EVENTS).items():
        write_json(EVENTS / "lambda" / f"{name}.json", event)


def install_dbt() -> None:
    venv.create(WORK / "venv", with_pip=True)
    python = str(WORK / "venv" / "bin" / "python")
    locked = str(JAFFLE / "requirements.txt")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "--only-binary=:all:", "-r", locked], check=True)


def carry_out(payload: dict[str, Any], git: str) -> dict[str, Any]:
    """Runs the payload's commands; the API's view of the run, its files written."""
    folder = WORK / str(payload["id"])
    shutil.copytree(JAFFLE / "project", folder / "origin")
    if change := CHANGES.get(payload["id"]):
        shutil.copytree(JAFFLE / "changes" / change, folder / "origin", dirs_exist_ok=True)
    for line in (
        "init --quiet --initial-branch main",
        "add .",
        "-c user.name=jaffle -c user.email=jaffle@example.com commit --quiet -m jaffle",
    ):
        subprocess.run([git, *line.split()], cwd=folder / "origin", env=environment(), check=True)
    environ = payload["environment"]
    clone = [git, "clone", "--progress", "--branch", environ["branch"]]
    clone += [f"file://{folder}/origin", "jaffle"]
    state = "SUCCESS" if payload["status"] == "succeeded" else "FAILED"
    return {
        "run_id": payload["id"],
        "schedule_name": payload["schedule_name"],
        "schedule_slug": payload["schedule_name"].replace("_", "-").replace(" ", "-"),
        "state": "ERROR" if payload["error_string"] else state,
        "actor": environ["actor"],
        "actor_email": environ["email"],
        "branch": environ["branch"],
        "commit_hash": environ["commit_hash"],
        "start_dttm": payload["start_dttm"],
        "end_dttm": payload["end_dttm"],
        "commands": [
            carry_out_command(command, folder, clone, Path(str(payload["id"]), str(command["id"])))
            for command in payload["commands"]
        ],
    }


def carry_out_command(
    command: dict[str, Any], folder: Path, clone: list[str], kept: Path
) -> dict[str, Any]:
    """Runs one command of a run in `folder`; its output and resources go to `PARADIME / kept`."""
    cloning = command["command"].startswith("git clone")
    checkout = folder / "jaffle"
    done = subprocess.run(
        clone if cloning else [WORK / "venv" / "bin" / "dbt", *shlex.split(command["command"])[1:]],
        cwd=folder if cloning else checkout,
        env=environment(),
        capture_output=True,
        check=False,
    )
    if done.returncode != command["return_code"]:
        sys.exit(
            f"events: `{command['command']}` of command {command['id']} returned "
            f"{done.returncode}, and the payload says {command['return_code']}:\n"
            f"{(done.stdout + done.stderr).decode(errors='replace')}"
        )
    (PARADIME / kept).mkdir(parents=True)
    (PARADIME / kept / "stdout.log").write_bytes(done.stdout)
    (PARADIME / kept / "stderr.log").write_bytes(done.stderr)
    resources = {resource["id"]: resource["path"] for resource in command["json_resources"]}
    resources |= LISTED_ONLY.get(command["id"], {})
    for path in resources.values():
        (PARADIME / kept / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(checkout / path, PARADIME / kept / path)
    return {
        **{key: command[key] for key in ("id", "command", "start_dttm", "end_dttm", "return_code")},
        "stdout": str(kept / "stdout.log"),
        "stderr": str(kept / "stderr.log"),
        "resources": [
            {"id": resource_id, "path": path, "file": str(kept / path)}
            for resource_id, path in sorted(resources.items())
        ],
    }


def environment() -> dict[str, str]:
    """All that git and dbt get to see: nothing of the machine's own settings or names."""
    return {
        "PATH": os.defpath,
        "HOME": str(WORK),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        # Console logs with colours are the harder case; without a terminal dbt leaves them out.
        "DBT_USE_COLORS": "true",
    }


def write_json(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def say(message: str) -> None:
    sys.stderr.write(f"events: {message}\n")


if __name__ == "__main__":
    main()
