"""Adds to the wheel the sample payloads of `bolt-archive send`, which a checkout has in events/."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SAMPLES = ("run_started.json", "run_completed.json", "run_completed_succeeded.json")


class BuildWithSamples(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        folder = Path(self.build_lib, "cli", "samples")
        self.mkpath(str(folder))
        for name in SAMPLES:
            self.copy_file(str(Path("events", name)), str(folder / name))


setup(cmdclass={"build_py": BuildWithSamples})
