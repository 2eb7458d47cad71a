"""Writes the cases of `tests/data/cases` that real tools make; run by `make cases`.

Each run of `runs.py` is carried out in a neutral folder: its files are laid, its commands go
through a shell as Bolt's do, and what they print and leave is copied. It is edited in two ways
only: Python's own folder, which a traceback names, is given its usual place, and a manifest keeps
what an archive reads of it. `case.json` says what the run must come to; it comes from `runs.py`.

    python events/cases/make.py [NAME …]

The tools are installed into throw-away environments beside the folder, at the versions that
`runs.py` pins; git, bash, curl, psql, Java and Node.js are the machine's own.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import venv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import runs

HERE = Path(__file__).resolve().parent
CASES = HERE.parents[1] / "tests" / "data" / "cases"
# The tools print where they run: this folder says nothing about a machine.
WORK = Path("/tmp/shop")  # noqa: S108
TOOLS = WORK.with_name("shop-tools")
KEPT = ("run_results.json", "sources.json", "manifest.json")
OF_MANIFEST = ("metadata", "nodes", "sources", "unit_tests", "parent_map", "exposures", "groups")
OF_NODE = (
    "unique_id",
    "resource_type",
    "name",
    "original_file_path",
    "relation_name",
    "compiled_code",
    "depends_on",
    "attached_node",
    "group",
    "meta",
    "tags",
)
OF_CONFIG = ("group", "meta")


def main() -> None:
    # A shell's background jobs ignore this signal, and what they start would too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wanted = sys.argv[1:]
    for run in runs.RUNS:
        if not wanted or run.name in wanted:
            say(run.name)
            make(run)


def make(run: runs.Run) -> None:
    folder = CASES / run.name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.copytree(HERE / "shop", WORK)
    lay(run.files)
    commands = [
        carry_out(run, step, folder / str(command_id), command_id)
        for command_id, step in enumerate(run.steps, start=70)
    ]
    shutil.rmtree(WORK)
    case = {
        "what": run.what,
        "kind": run.kind,
        "source": f"written by {runs.TOOLS[run.tool].what}",
        "commands": commands,
        "expect": run.expect,
    }
    text = json.dumps(case, indent=1, ensure_ascii=False)
    (folder / "case.json").write_text(text + "\n", encoding="utf-8")


def lay(files: dict[str, str]) -> None:
    for path, text in files.items():
        (WORK / path).parent.mkdir(parents=True, exist_ok=True)
        (WORK / path).write_text(text.lstrip("\n"), encoding="utf-8")


def carry_out(run: runs.Run, step: runs.Step, kept: Path, command_id: int) -> dict[str, Any]:
    """Runs a command; its console logs and artifacts go to `kept`."""
    lay(step.files)
    if step.before:
        shell(step.before, run.tool, check=True)
    began, at = time.time(), datetime.now(UTC)
    returned, stdout, stderr = ended(step, run.tool)
    if returned != step.returns:
        sys.exit(
            f"cases: `{step.command}` of {run.name} returned {returned} and not {step.returns}:\n"
            f"{(stdout + stderr).decode(errors='replace')}"
        )
    for name, log in (("stdout.log", stdout), ("stderr.log", stderr)):
        if log:
            kept.mkdir(parents=True, exist_ok=True)
            (kept / name).write_bytes(neutral(log))
    for path in sorted(WORK.rglob("*.json")):
        made = step.leftovers or path.stat().st_mtime >= began
        if step.artifacts and path.name in KEPT and made:
            copy(path, kept / path.relative_to(WORK))
    status = "failed" if returned else "succeeded"
    return {
        "id": command_id,
        "command": step.command,
        "status": status,
        "return_code": returned,
        "start_dttm": f"{at:%Y-%m-%d %H:%M:%S.%f}",
        "end_dttm": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}",
    }


def ended(step: runs.Step, tool: str) -> tuple[int, bytes, bytes]:
    """What a command returned, as a shell says it, and what it printed."""
    logs = [WORK.with_name(f"shop-{name}.log") for name in ("stdout", "stderr")]
    with logs[0].open("wb") as stdout, logs[1].open("wb") as stderr:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {step.command}" if step.stop else step.command],
            cwd=WORK,
            env=environment(tool) | step.environ,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        if step.stop:
            while step.stop.once not in logs[0].read_text() and process.poll() is None:
                time.sleep(0.1)
            time.sleep(step.stop.after)
            process.send_signal(signal.Signals[step.stop.signal])
        process.wait()
    said = [log.read_bytes() for log in logs]
    for log in logs:
        log.unlink()
    code = process.returncode
    return (128 - code if code < 0 else code), said[0], said[1]


def shell(command: str, tool: str, *, check: bool) -> None:
    subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=WORK,
        env=environment(tool),
        check=check,
        capture_output=True,
    )


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    body = neutral(source.read_bytes())
    if source.name == "manifest.json":
        whole = json.loads(body)
        cut = {member: whole.get(member) for member in OF_MANIFEST}
        for member in ("nodes", "sources", "unit_tests"):
            cut[member] = {
                unique_id: {name: node[name] for name in OF_NODE if node.get(name) is not None}
                | {"config": {name: node.get("config", {}).get(name) for name in OF_CONFIG}}
                for unique_id, node in (cut[member] or {}).items()
            }
        body = json.dumps(cut).encode()
    target.write_bytes(body)


def neutral(text: bytes) -> bytes:
    """The text with Python's own folder in its usual place."""
    for prefix in {sys.base_prefix, str(Path(sys.base_prefix).resolve())}:
        text = text.replace(prefix.encode(), b"/usr/local")
    return text.replace(str(TOOLS).encode(), b"/opt")


def environment(tool: str) -> dict[str, str]:
    """All that the tools get to see: nothing of the machine's own settings or names."""
    home = installed(tool)
    return {
        "PATH": f"{home / 'bin'}:{os.defpath}",
        "HOME": str(WORK),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "LD_LIBRARY_PATH": str(home / "lib"),
        # Console logs with colours are the harder case; Fusion knows no such setting.
        **({} if tool == "fusion" else {"DBT_USE_COLORS": "true"}),
        "NO_PROXY": "*",
    }


def installed(tool: str) -> Path:
    """The tool's throw-away environment, made where it is not there yet."""
    wanted = runs.TOOLS[tool]
    home = TOOLS / tool
    if (home / ".ready").exists():
        return home
    say(f"{wanted.what}, in a throw-away environment")
    venv.create(home, with_pip=True, clear=True)
    if wanted.packages:
        pip = [home / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", *wanted.packages], check=True)
    if wanted.npm:
        packed = subprocess.run(
            ["npm", "pack", "--silent", wanted.npm],  # noqa: S607
            cwd=home,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()[-1]
        with tarfile.open(home / packed) as archive:
            archive.extract("package/libduckdb.so", home, filter="data")
        (home / "package" / "libduckdb.so").rename(home / "lib" / "libduckdb.so")
    (home / ".ready").touch()
    return home


def say(message: str) -> None:
    sys.stderr.write(f"cases: {message}\n")


if __name__ == "__main__":
    main()
