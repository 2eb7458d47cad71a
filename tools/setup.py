"""Installs what every make target needs: the locked Python packages and the CDK command line.

Runs before anything is installed, so it uses the standard library only.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOG = VENV / "setup.log"


def main() -> None:
    pip: list[str | Path] = [
        VENV / "bin" / "python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
    ]
    say("1/4 creating the virtual environment .venv")
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    packages = (ROOT / "requirements.txt").read_text().count("==")
    say(f"2/4 installing {packages} Python packages, which takes about a minute")
    install(
        [*pip, "--require-hashes", "--only-binary=:all:", "-r", "requirements.txt"],
        "the Python packages of requirements.txt",
    )
    say("3/4 installing the bolt-archive command")
    install(
        [*pip, "--no-deps", "--no-build-isolation", "--editable", "."], "the bolt-archive command"
    )
    say("4/4 installing the CDK command line")
    install([VENV / "bin" / "npm", "ci", "--no-audit", "--no-fund"], "the CDK command line")
    say("done; to type bolt-archive without .venv/bin/ before it: source .venv/bin/activate")


def install(command: list[str | Path], what: str) -> None:
    """Runs a step, logs its output, and reports how many packages pip has collected."""
    environment = os.environ | {"PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    collected = 0
    with (
        LOG.open("a") as log,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        for line in process.stdout or ():
            log.write(line)
            collected += line.startswith("Collecting ")
            if line.startswith("Collecting ") and collected % 20 == 0:
                say(f"    {collected} packages collected")
            if line.startswith("Installing collected packages"):
                say("    all collected; installing them")
    if process.returncode != 0:
        tail = "".join(LOG.read_text().splitlines(keepends=True)[-5:])
        sys.exit(
            f"set-up: installing {what} failed. Check your network connection, then run the same "
            f"make command again. The end of .venv/setup.log:\n\n{tail}"
        )


def say(message: str) -> None:
    print("set-up:", message, flush=True)


if __name__ == "__main__":
    main()
