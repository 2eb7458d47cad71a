"""Sets up everything that the make targets need: `.venv`, the locked Python packages, the CDK CLI.

Runs on the bare Python of the machine, before anything is installed: standard library only,
and no syntax that an old Python could not parse, so that an old one is told so in a sentence.
"""

import os
import subprocess
import sys

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
LOG = os.path.join(VENV, "setup.log")


def main():
    if sys.version_info < OLDEST:
        fail(
            "Python {}.{} or newer is needed, and {} is {}.{}. "
            "Name a newer one: make PYTHON=python3.13 …".format(
                *OLDEST, sys.executable, *sys.version_info[:2]
            )
        )
    python = os.path.join(VENV, "bin", "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install"]
    say("1/4 virtual environment in .venv")
    run([sys.executable, "-m", "venv", "--clear", VENV], "the virtual environment")
    packages = count_packages("requirements.txt")
    say(f"2/4 {packages} Python packages, about a minute")
    run(
        [*pip, "--require-hashes", "--only-binary=:all:", "-r", "requirements.txt"],
        "the Python packages of requirements.txt",
        expected=packages,
    )
    say("3/4 the bolt-archive command")
    run([*pip, "--no-deps", "--no-build-isolation", "--editable", "."], "the bolt-archive command")
    say("4/4 the CDK command line, from package-lock.json")
    run([os.path.join(VENV, "bin", "npm"), "ci", "--no-audit", "--no-fund"], "the CDK command line")


def count_packages(lock):
    with open(os.path.join(ROOT, lock), encoding="utf-8") as lines:
        return sum("==" in line and not line.startswith(" ") for line in lines)


def run(command, what, expected=0):
    """Runs a step with its output in the log; shows pip's progress as `downloaded/expected`."""
    path = os.path.join(VENV, "bin") + os.pathsep + os.environ["PATH"]
    collected = 0
    os.makedirs(VENV, exist_ok=True)
    with open(LOG, "a", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(os.environ, PATH=path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        for line in process.stdout:
            log.write(line)
            if expected and line.startswith("Collecting "):
                collected += 1
                if collected % 20 == 0:
                    say(f"    {collected} of at most {expected}")
    if process.wait() != 0:
        with open(LOG, encoding="utf-8") as log:
            tail = "".join(log.readlines()[-5:])
        fail(
            f"{what} could not be installed; is the network there? The end of .venv/setup.log:\n\n{tail}"
            "\nRun the same make command to try again."
        )


def say(message):
    print("set-up:", message, flush=True)


def fail(message):
    sys.exit("set-up: " + message)


if __name__ == "__main__":
    main()
