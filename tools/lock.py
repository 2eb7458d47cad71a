"""Writes both requirements.txt from their .in files, with hashes, for every supported Python.

Run by `make lock`, through uv from PyPI in a throw-away environment.
"""

import subprocess
import tempfile
import venv
from pathlib import Path

COMPILE = ["pip", "compile", "--universal", "--python-version=3.11", "--generate-hashes"]
COMPILE += ["--no-header", "--quiet"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
        uv = Path(folder, "bin", "uv")
        shipped = "functions/requirements"
        subprocess.run([uv, *COMPILE, f"{shipped}.in", "-o", f"{shipped}.txt"], check=True)
        # What ships constrains the rest, so that the tests run the versions that ship.
        subprocess.run(
            [uv, *COMPILE, "-c", f"{shipped}.txt", "requirements.in", "-o", "requirements.txt"],
            check=True,
        )
        # Without its dependencies, over a gigabyte of them: these few are all that it imports.
        sdk = "tests/sdk/requirements"
        subprocess.run([uv, *COMPILE, "--no-deps", f"{sdk}.in", "-o", f"{sdk}.txt"], check=True)
        checkov = "tests/checkov/requirements"
        subprocess.run([uv, *COMPILE, f"{checkov}.in", "-o", f"{checkov}.txt"], check=True)
        aws = "tests/aws/requirements"
        subprocess.run([uv, *COMPILE, f"{aws}.in", "-o", f"{aws}.txt"], check=True)
        # pip wants the extras of a requirement in a lock with hashes.
        jaffle = "events/jaffle/requirements"
        subprocess.run(
            [uv, *COMPILE, "--no-strip-extras", f"{jaffle}.in", "-o", f"{jaffle}.txt"], check=True
        )


if __name__ == "__main__":
    main()
