"""Adds to the wheel the sample payloads of `bolt-archive send`, which a checkout has in events/."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithSamples(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        folder = Path(self.build_lib, "cli", "samples")
        self.mkpath(str(folder))
        for sample in sorted(Path("events").glob("run_*.json")):
            self.copy_file(str(sample), str(folder / sample.name))


setup(cmdclass={"build_py": BuildWithSamples})
