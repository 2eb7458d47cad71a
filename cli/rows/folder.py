"""Where this user's caches are, by the customs of the system.

https://specifications.freedesktop.org/basedir-spec/latest/ and the like on macOS and Windows.
"""

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """The folder of this program; it may not be there yet."""
    return _caches() / "bolt-archive"


def _caches() -> Path:
    named = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", "")
    if named and Path(named).is_absolute():
        return Path(named)
    below = {"win32": "AppData/Local", "darwin": "Library/Caches"}
    return Path.home() / below.get(sys.platform, ".cache")
