"""The size of what ships to Lambda, zipped."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bench.environment import ROOT
from bench.row import Row
from infra.base.bundling import Target, packages


def rows() -> Iterator[Row]:
    size = _zipped(packages(Target.lambda_()), ROOT / "functions")
    yield Row(
        what="bundle, zipped",
        ours=f"{size / 1e6:.1f} MB",
        floor="",
        value=size / 1e6,
        goal=10,
        unit=" MB",
    )


def _zipped(*folders: Path) -> int:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in folders:
            for file in sorted(folder.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    archive.write(file, file.relative_to(folder.parent))
    return buffer.tell()
